//! What the bound values of a statement are bound to: the columns they are compared with, or written into.

mod frame;
mod groups;
mod insert;
mod reader;

pub(super) use reader::Reader;

/// The names that stand with each placeholder: in `name = ?`, `name IN (?, ?)`, `? = name`, `INSERT INTO t (name) VALUES (?)`, and `:name`.
///
/// A value in the parentheses of a function may be for the column that takes what the function makes of it, and for each name
/// beside it there, so that it has several: it is hidden if one of them is a secret's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoundTo {
    groups: Vec<Group>,
    /// With the group that each is in.
    names: Vec<(usize, Box<str>)>,
    /// The place of a value, from 0 on, and a group that it is in.
    values: Vec<(usize, usize)>,
    /// There may be more values than were read.
    cut: bool,
}

/// A part of a statement whose names and values have to do with each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    /// The group that it is inside of, which comes before it: its names count here too.
    round: Option<usize>,
    /// Names of this one count in the one round it.
    joins: bool,
    /// Nobody can tell what belongs together.
    unsure: bool,
    used: bool,
}

/// Which values are hidden.
#[derive(Debug)]
pub(crate) struct Hidden {
    /// By the places of the values.
    pub(crate) places: Vec<bool>,
    /// Those after them.
    pub(crate) beyond: bool,
}

impl BoundTo {
    /// There are no values.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && !self.cut
    }

    /// Which values are, if a name for which that is true hides its values.
    pub(crate) fn hidden(&self, hides: impl Fn(&str) -> bool) -> Hidden {
        let mut secret: Vec<bool> = self.groups.iter().map(|group| group.unsure).collect();
        for (group, name) in &self.names {
            if let Some(secret) = secret.get_mut(*group) {
                *secret = *secret || hides(name);
            }
        }
        for (at, group) in self.groups.iter().enumerate().rev() {
            if group.joins {
                pass(&mut secret, at, group.round);
            }
        }
        for (at, group) in self.groups.iter().enumerate() {
            if let Some(round) = group.round {
                pass(&mut secret, round, Some(at));
            }
        }
        let count = self.values.iter().map(|(place, _)| place + 1).max();
        let mut places = vec![false; count.unwrap_or_default()];
        for (place, group) in &self.values {
            if let Some(place) = places.get_mut(*place) {
                *place |= secret.get(*group).copied().unwrap_or(true);
            }
        }
        Hidden {
            places,
            beyond: self.cut,
        }
    }
}

fn pass(secret: &mut [bool], from: usize, to: Option<usize>) {
    let from = secret.get(from).copied().unwrap_or_default();
    if let Some(to) = to.and_then(|to| secret.get_mut(to)) {
        *to |= from;
    }
}

#[cfg(test)]
mod tests;

//! The columns of an insert.

use super::groups::Groups;

/// The columns in the order of the list, each with the group of the values that are for it.
#[derive(Debug, Default)]
pub(super) struct Insert<'a> {
    columns: Vec<(&'a str, Option<usize>)>,
    /// The group of what may be for any of them.
    any: Option<usize>,
}

impl<'a> Insert<'a> {
    /// The name, or its last part, of the column at that place of the list.
    pub(super) fn set(&mut self, at: usize, name: &'a str) {
        if at == 0 {
            self.columns.clear();
            self.any = None;
        }
        self.columns.resize(at, ("", None));
        self.columns.push((name, None));
    }

    /// The group of values for the column at that place.
    pub(super) fn column(
        &mut self,
        at: usize,
        groups: &mut Groups<'a>,
        round: Option<usize>,
    ) -> usize {
        match self.columns.get_mut(at) {
            Some((_, Some(group))) => *group,
            Some((name, group)) => {
                let opened = groups.open(round, false);
                groups.name(opened, name);
                *group = Some(opened);
                opened
            }
            None => groups.open(round, false),
        }
    }

    /// The group of what may be for any column: `SELECT * FROM unnest(?, ?)`.
    pub(super) fn any(&mut self, groups: &mut Groups<'a>) -> usize {
        let columns = &self.columns;
        *self.any.get_or_insert_with(|| {
            let any = groups.open(None, false);
            for (name, _) in columns {
                groups.name(any, name);
            }
            any
        })
    }
}

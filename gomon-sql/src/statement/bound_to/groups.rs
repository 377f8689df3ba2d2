//! Groups while a statement is read.

use super::{BoundTo, Group};
use crate::statement::placeholders::Placeholders;

/// Collects names and values by the groups that they are in.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    groups: Vec<Group>,
    names: Vec<(usize, &'a str)>,
    values: Vec<(usize, usize)>,
    placeholders: Placeholders<'a>,
    cut: bool,
}

impl<'a> Groups<'a> {
    pub(super) fn new() -> Self {
        let unsure = Group {
            unsure: true,
            used: true,
            ..Group::default()
        };
        Self {
            groups: vec![unsure],
            names: Vec::new(),
            values: Vec::new(),
            placeholders: Placeholders::default(),
            cut: false,
        }
    }

    pub(super) fn open(&mut self, round: Option<usize>, joins: bool) -> usize {
        if self.groups.len() >= MOST {
            return UNSURE;
        }
        self.groups.push(Group {
            round,
            joins,
            ..Group::default()
        });
        self.groups.len() - 1
    }

    /// Another group instead of that one.
    pub(super) fn next(&mut self, group: usize, round: Option<usize>, joins: bool) -> usize {
        self.take_back(group);
        self.open(round, joins)
    }

    /// Forgets the group if it was the last one and nothing is in it.
    pub(super) fn take_back(&mut self, group: usize) {
        if group + 1 == self.groups.len() {
            self.groups.pop_if(|last| !last.used);
        }
    }

    pub(super) fn is_used(&self, group: usize) -> bool {
        self.groups.get(group).is_none_or(|group| group.used)
    }

    /// Its names do not count in the group round it, nor do those of what it is a part of.
    pub(super) fn keep_apart(&mut self, group: usize) {
        if let Some(group) = self.groups.get_mut(group) {
            group.joins = false;
        }
    }

    pub(super) fn name(&mut self, group: usize, name: &'a str) {
        self.names.push((group, name));
        self.mark(group);
    }

    /// The last name was a qualifier of what follows.
    pub(super) fn forget_name(&mut self, group: usize) {
        self.names.pop_if(|(of, _)| *of == group);
    }

    pub(super) fn value(&mut self, group: usize, placeholder: &'a str) {
        let place = self.placeholders.place(placeholder);
        self.mark(group);
        if place >= MOST {
            self.cut = true;
            return;
        }
        let own = placeholder.trim_start_matches([':', '@', '$', '?']);
        if own.is_empty() || own.bytes().all(|b| b.is_ascii_digit()) {
            self.values.push((place, group));
        } else {
            let named = self.open(Some(group), false);
            self.name(named, own);
            self.values.push((place, named));
        }
    }

    /// Keeps what says something about a value. `cut`: the text goes on.
    pub(super) fn finish(mut self, cut: bool) -> BoundTo {
        let cut = cut || self.cut;
        if self.values.is_empty() {
            return BoundTo {
                cut,
                ..BoundTo::default()
            };
        }
        self.values.sort_unstable();
        self.values.dedup();
        BoundTo {
            names: self.needed_names(),
            groups: self.groups,
            values: self.values,
            cut,
        }
    }

    fn needed_names(&self) -> Vec<(usize, Box<str>)> {
        let mut needed = vec![false; self.groups.len()];
        for (_, group) in &self.values {
            if let Some(needed) = needed.get_mut(*group) {
                *needed = true;
            }
        }
        for (at, group) in self.groups.iter().enumerate().rev() {
            super::pass(&mut needed, at, group.round);
        }
        for (at, group) in self.groups.iter().enumerate() {
            if let Some(round) = group.round.filter(|_| group.joins) {
                super::pass(&mut needed, round, Some(at));
            }
        }
        let names = self.names.iter();
        let names = names.filter(|(group, _)| needed.get(*group) == Some(&true));
        names
            .map(|(group, name)| (*group, (*name).into()))
            .collect()
    }

    fn mark(&mut self, group: usize) {
        if let Some(group) = self.groups.get_mut(group) {
            group.used = true;
        }
    }
}

/// The first group: what is in it is hidden.
const UNSURE: usize = 0;
/// As many groups, and as many values: a list in an event has no more entries, however it is set.
const MOST: usize = 1 << 16;

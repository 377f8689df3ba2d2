use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;

use super::{inside, masked};
use crate::capture::{Capture, capture};
use crate::event::limits::{self, Limit};
#[cfg(any(feature = "log", feature = "slog"))]
use crate::event::limits::{KEY_BYTES, prefix};
use crate::event::value::Tree;
use crate::mask::REDACTED;

/// The structured part of a line: names and values. Values whose name looks secret are masked.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    entries: Vec<(Cow<'static, str>, Tree)>,
    capture: Option<Arc<Capture>>,
    /// Bytes of names and texts, about.
    bytes: usize,
    cut: u64,
}

impl Fields {
    /// A field of a name that is known for good. The last value of a name wins.
    #[cfg(feature = "tracing")]
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Tree>) {
        self.put(Cow::Borrowed(name), || (value.into(), 0));
    }

    /// The same with a value that is formatted, by the code of its type.
    #[cfg(feature = "tracing")]
    pub(crate) fn display(&mut self, name: &'static str, value: impl Display) {
        self.put(Cow::Borrowed(name), || formatted(value));
    }

    /// A field of any name.
    #[cfg(any(feature = "log", feature = "slog"))]
    pub(crate) fn set_named(&mut self, name: &str, value: impl Into<Tree>) {
        let name = self.owned(name);
        self.put(name, || (value.into(), 0));
    }

    /// The same with a value that is formatted, by the code of its type.
    #[cfg(any(feature = "log", feature = "slog"))]
    pub(crate) fn display_named(&mut self, name: &str, value: impl Display) {
        let name = self.owned(name);
        self.put(name, || formatted(value));
    }

    /// Whether there is a field of that name.
    #[cfg(feature = "slog")]
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.0 == name)
    }

    /// Bytes and fields that found no place.
    pub(crate) fn cut(&self) -> u64 {
        self.cut
    }

    pub(crate) fn into_tree(self) -> Option<Tree> {
        (!self.entries.is_empty()).then_some(Tree::Map(self.entries))
    }

    #[cfg(any(feature = "log", feature = "slog"))]
    fn owned(&mut self, name: &str) -> Cow<'static, str> {
        let kept = prefix(name, KEY_BYTES);
        self.cut += (name.len() - kept.len()) as u64;
        Cow::Owned(kept.to_owned())
    }

    /// What is masked or finds no place is not even formatted.
    fn put(&mut self, name: Cow<'static, str>, value: impl FnOnce() -> (Tree, u64)) {
        let known = self.entries.iter().position(|entry| entry.0 == name);
        let limits = limits::current();
        let has_place = self.entries.len() < limits.of(Limit::Entries)
            && self.bytes < limits.of(Limit::EventBytes);
        if known.is_none() && !has_place {
            self.cut += 1;
            return;
        }
        let hidden = match &name {
            Cow::Borrowed(name) => masked::hides(name),
            Cow::Owned(name) => {
                let capture = self.capture.get_or_insert_with(capture);
                capture.mask().hides(name)
            }
        };
        let (value, cut) = if hidden {
            (Tree::Str(Cow::Borrowed(REDACTED)), 0)
        } else {
            value()
        };
        self.cut += cut;
        self.bytes += name.len() + text_bytes(&value);
        match known.and_then(|at| self.entries.get_mut(at)) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((name, value)),
        }
    }
}

fn formatted(value: impl Display) -> (Tree, u64) {
    let (text, cut) = inside::formatted(value, limits::string_bytes());
    (Tree::from(text), cut)
}

fn text_bytes(value: &Tree) -> usize {
    match value {
        Tree::Str(text) => text.len(),
        _ => 0,
    }
}

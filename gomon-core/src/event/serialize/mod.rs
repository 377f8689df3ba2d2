//! A tree of anything that can be serialized. The value's own code is the user's: it may panic, contain itself or never
//! end, so it is read no further than an event reaches.

mod serializer;

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::ser::{self, Serialize};

use crate::event::bounded::bounded_text;
use crate::event::limits::{self, Limit, Limits, prefix};
use crate::event::value::Tree;

/// Structs, maps and enums as JSON has them. What cannot be read is a string that says why.
pub(crate) fn tree(value: &impl Serialize) -> Tree {
    let mut reader = Reader::default();
    let read = catch_unwind(AssertUnwindSafe(|| value.serialize(&mut reader)));
    match read {
        Ok(Ok(()) | Err(Stop::Full)) => reader.finish(),
        Ok(Err(Stop::Because(why))) => Tree::from(why),
        Err(payload) => {
            // It may panic again when it is dropped.
            std::mem::forget(payload);
            Tree::Str(Cow::Borrowed("its Serialize panicked"))
        }
    }
}

/// What has been read so far.
struct Reader {
    limits: Limits,
    root: Option<Tree>,
    /// Lists and maps that have not ended, the outermost first.
    open: Vec<Open>,
    /// Bytes and entries, about.
    used: usize,
}

enum Open {
    List(Vec<Tree>),
    /// Also the key whose value comes next.
    Map(Vec<(Cow<'static, str>, Tree)>, Cow<'static, str>),
}

/// Why reading ended early.
#[derive(Debug)]
enum Stop {
    /// More would find no place in an event.
    Full,
    /// The value's own error.
    Because(String),
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            limits: limits::current(),
            root: None,
            open: Vec::new(),
            used: 0,
        }
    }
}

impl Reader {
    /// Ends what has not ended: what came until then is kept.
    fn finish(mut self) -> Tree {
        while self.close().is_ok() {}
        self.root.unwrap_or(Tree::Null)
    }

    fn put(&mut self, tree: Tree) -> Result<(), Stop> {
        match self.open.last_mut() {
            Some(Open::List(items)) => items.push(tree),
            Some(Open::Map(entries, key)) => entries.push((std::mem::take(key), tree)),
            None => self.root = Some(tree),
        }
        self.spend(1)
    }

    fn text(&mut self, text: &str) -> Result<(), Stop> {
        // One character more than there is place for, so that the cut is seen and counted.
        let kept = prefix(text, self.limits.of(Limit::StringBytes) + LONGEST_CHARACTER);
        self.spend(kept.len())?;
        self.put(Tree::from(kept))
    }

    fn spend(&mut self, amount: usize) -> Result<(), Stop> {
        self.used += amount;
        if self.used > self.limits.of(Limit::EventBytes) {
            return Err(Stop::Full);
        }
        Ok(())
    }

    fn open(&mut self, open: Open) -> Level<'_> {
        self.open.push(open);
        Level {
            reader: self,
            levels: 1,
        }
    }

    /// A map whose only key is the variant, and what it holds inside.
    fn open_variant(&mut self, variant: &'static str, inner: Open) -> Level<'_> {
        self.open.push(Open::Map(Vec::new(), variant.into()));
        let mut level = self.open(inner);
        level.levels += 1;
        level
    }

    /// Ends the innermost list or map.
    fn close(&mut self) -> Result<(), Stop> {
        match self.open.pop() {
            Some(Open::List(items)) => self.put(Tree::List(items)),
            Some(Open::Map(entries, _)) => self.put(Tree::Map(entries)),
            None => Err(Stop::Full),
        }
    }

    /// Whether one more has a place in the innermost list or map, or would be cut by an event
    /// anyway. One too many is read, so that the cut is seen and counted.
    fn has_place(&mut self) -> Result<bool, Stop> {
        let entries = match self.open.last() {
            Some(Open::List(items)) => items.len(),
            Some(Open::Map(entries, _)) => entries.len(),
            None => 0,
        };
        self.spend(1)?;
        let limits = &self.limits;
        let has_place = entries <= limits.of(Limit::Entries);
        Ok(has_place && self.open.len() <= limits.of(Limit::Depth))
    }
}

/// A list or map being read, with the one round it if it is an enum's.
struct Level<'a> {
    reader: &'a mut Reader,
    levels: usize,
}

impl Level<'_> {
    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Stop> {
        match self.reader.has_place()? {
            true => value.serialize(&mut *self.reader),
            false => Ok(()),
        }
    }

    fn entry(
        &mut self,
        key: Cow<'static, str>,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Stop> {
        if !self.reader.has_place()? {
            return Ok(());
        }
        self.reader.spend(key.len())?;
        if let Some(Open::Map(_, next)) = self.reader.open.last_mut() {
            *next = key;
        }
        value.serialize(&mut *self.reader)
    }

    fn close(self) -> Result<(), Stop> {
        (0..self.levels).try_for_each(|_| self.reader.close())
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("larger than an event"),
            Self::Because(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<T: Display>(message: T) -> Self {
        Self::Because(bounded_text(message, limits::current().of(Limit::MessageBytes)).0)
    }
}

/// Bytes of a character in UTF-8, at the most.
const LONGEST_CHARACTER: usize = 4;

#[cfg(test)]
mod tests {
    const STRING_BYTES: usize = 8 << 10;

    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Serialize)]
    struct Everything {
        unit: (),
        option: Option<u8>,
        tuple: (i8, char),
        map: BTreeMap<u16, bool>,
        variants: Vec<Variants>,
        huge: u128,
    }

    #[derive(serde::Serialize)]
    enum Variants {
        Unit,
        Newtype(f32),
        Tuple(u8, u8),
        Struct { field: &'static str },
    }

    #[test]
    fn a_value_reads_as_its_json_does() {
        let value = Everything {
            unit: (),
            option: Some(1),
            tuple: (-2, 'é'),
            map: BTreeMap::from([(3, true)]),
            variants: vec![
                Variants::Unit,
                Variants::Newtype(0.5),
                Variants::Tuple(4, 5),
                Variants::Struct { field: "text" },
            ],
            huge: u128::from(u64::MAX),
        };
        assert_eq!(json(&tree(&value)), serde_json::to_value(&value).unwrap());
    }

    #[test]
    fn a_key_that_is_no_text_says_so() {
        let map = BTreeMap::from([(vec![1], 2)]);
        assert_eq!(tree(&map), Tree::from("key must be a string"));
    }

    #[test]
    fn what_is_larger_than_an_event_ends_where_it_is_full() {
        let texts = vec!["x".repeat(STRING_BYTES); 100];
        let Tree::List(kept) = tree(&texts) else {
            unreachable!("a list stays a list")
        };
        assert!(
            kept.len() < 10
                && kept
                    .iter()
                    .all(|item| *item == Tree::from(texts[0].as_str()))
        );
    }

    fn json(tree: &Tree) -> serde_json::Value {
        match tree {
            Tree::Null => serde_json::Value::Null,
            Tree::Bool(value) => (*value).into(),
            Tree::I64(value) => (*value).into(),
            Tree::U64(value) => (*value).into(),
            Tree::F64(value) => (*value).into(),
            Tree::Str(text) => text.as_ref().into(),
            Tree::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
            Tree::List(items) => items.iter().map(json).collect(),
            Tree::Map(entries) => entries
                .iter()
                .map(|(key, item)| (key.to_string(), json(item)))
                .collect(),
        }
    }
}

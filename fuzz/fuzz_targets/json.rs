//! The writer of events as JSON. The input is what a program does to one event.
//!
//! Whatever it does: no panic; one line of at most 64 KiB, without a raw control character or line separator; JSON, whose
//! values are the event's; each key once; a value that was set and is not the event's was cut, and that is said.
//!
//! This is the oracle: what does not hold is told by a panic, which the fuzzer reports with its input. So `expect` and
//! `unwrap` are its verdicts, and there is no host to spare.
#![no_main]

use gomon_core::{Event, EventTracker, Tree, Value, ValueRef};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt::Formatter;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

fuzz_target!(|steps: Vec<Step>| {
    start();
    let mut set = HashMap::new();
    let mut tracker = EventTracker::new("fuzz");
    for step in &steps {
        step.take(&mut tracker, &mut set);
    }
    tracker.finish();
    gomon_core::flush(Duration::from_secs(10)).expect("the writer takes its events");
    let written = WRITTEN.lock().unwrap().take().expect("the event has come");
    check(&written, &set);
});

#[derive(Arbitrary, Debug)]
enum Step {
    Set(u8, Input),
    Error(String),
    Embed(u8, Input),
    NoteCut(u8, u32),
}

#[derive(Arbitrary, Debug)]
enum Input {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// A text longer than most.
    Long(u16, char),
    List(Vec<Input>),
    Map(Vec<(String, Input)>),
}

impl Step {
    fn take(&self, tracker: &mut EventTracker, set: &mut HashMap<&'static str, Json>) {
        match self {
            Self::Set(key, input) => {
                let key = KEYS[usize::from(*key) % KEYS.len()];
                tracker.set(key, input.value());
                set.insert(key, json(&input.tree()));
            }
            Self::Error(text) => {
                tracker.add_error_msg(text);
            }
            Self::Embed(key, input) => {
                let mut child = tracker.child("detail");
                child.set(KEYS[usize::from(*key) % KEYS.len()], input.value());
                tracker.embed(child);
            }
            Self::NoteCut(key, amount) => {
                let key = KEYS[usize::from(*key) % KEYS.len()];
                tracker.note_cut(key, u64::from(*amount));
            }
        }
    }
}

impl Input {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Str(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::I64(value) => Value::I64(*value),
            Self::U64(value) => Value::U64(*value),
            Self::F64(value) => Value::F64(*value),
            Self::Long(..) | Self::List(_) | Self::Map(_) => Value::Tree(self.tree()),
        }
    }

    fn tree(&self) -> Tree {
        match self {
            Self::Null => Tree::Null,
            Self::Bool(value) => Tree::Bool(*value),
            Self::I64(value) => Tree::I64(*value),
            Self::U64(value) => Tree::U64(*value),
            Self::F64(value) => Tree::F64(*value),
            Self::Text(text) => Tree::from(text.as_str()),
            Self::Bytes(bytes) => Tree::Bytes(bytes.clone()),
            Self::Long(count, character) => {
                Tree::from(character.to_string().repeat(usize::from(*count)))
            }
            Self::List(items) => Tree::List(items.iter().map(Self::tree).collect()),
            Self::Map(entries) => Tree::Map(
                entries
                    .iter()
                    .map(|(key, item)| (key.clone().into(), item.tree()))
                    .collect(),
            ),
        }
    }
}

/// What the listener saw: the line, and the values as the event gives them.
struct Written {
    line: String,
    values: Vec<(&'static str, Json)>,
}

static WRITTEN: Mutex<Option<Written>> = Mutex::new(None);

fn start() {
    static STARTED: OnceLock<gomon_core::Gomon> = OnceLock::new();
    STARTED.get_or_init(|| {
        let write = |event: &Event| {
            if event.fp() == "fuzz" {
                let values = event
                    .attributes()
                    .map(|(key, value)| (key, of_event(value)));
                *WRITTEN.lock().unwrap() = Some(Written {
                    line: event.to_json(),
                    values: values.collect(),
                });
            }
        };
        gomon_core::builder()
            .listener(write)
            .start()
            .expect("gomon starts")
    });
}

fn check(written: &Written, set: &HashMap<&'static str, Json>) {
    let Written { line, values } = written;
    assert!(line.len() <= 64 << 10, "{} bytes", line.len());
    let raw = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert!(!line.contains(raw), "{line:?}");
    let event: Json = serde_json::from_str(line).expect("it is JSON");
    let event = event.as_object().expect("it is an object");
    let Entries(count) = serde_json::from_str(line).expect("it is an object");
    assert_eq!(count, event.len(), "a key comes twice in {line}");
    assert!(event.contains_key("id") && event.contains_key("gomon:outcome"));

    let dropped = event.get("gomon:dropped");
    for (key, value) in values {
        let name = match is_reserved(key) {
            true => format!("_{key}"),
            false => (*key).to_owned(),
        };
        assert_eq!(event.get(&name), Some(value), "{name:?} as it was written");
        let whole = dropped.is_none_or(|dropped| dropped.get(key).is_none());
        assert!(
            !whole || set.get(key) == Some(value),
            "{key:?} as it was set"
        );
    }
    // What was set and did not come was left out for want of room, which is counted.
    let came = |key: &str| values.iter().any(|(other, _)| *other == key);
    assert!(dropped.is_some() || set.keys().all(|key| came(key)));
}

/// How many entries an object has, those of one key counted apart.
struct Entries(usize);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;

        impl<'de> Visitor<'de> for Count {
            type Value = Entries;

            fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut count = 0;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Entries(count))
            }
        }
        deserializer.deserialize_map(Count)
    }
}

fn is_reserved(key: &str) -> bool {
    let key = key.trim_start_matches('_');
    let envelope = [
        "id", "parent", "app-id", "exec", "error", "children", "orphan",
    ];
    envelope.contains(&key) || key.starts_with("gomon:")
}

fn of_event(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Bool(value) => value.into(),
        ValueRef::I64(value) => value.into(),
        ValueRef::U64(value) => value.into(),
        ValueRef::F64(value) => float(value),
        ValueRef::Str(text) => text.into(),
        ValueRef::Tree(tree) => json(tree),
        ValueRef::Packed(map) => json(&map.to_tree()),
        other => panic!("a kind of value that the oracle does not know: {other:?}"),
    }
}

/// What JSON says of a tree, by the contract.
fn json(tree: &Tree) -> Json {
    match tree {
        Tree::Null => Json::Null,
        Tree::Bool(value) => (*value).into(),
        Tree::I64(value) => (*value).into(),
        Tree::U64(value) => (*value).into(),
        Tree::F64(value) => float(*value),
        Tree::Str(text) => text.as_ref().into(),
        Tree::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => base64(bytes).into(),
        },
        Tree::List(items) => items.iter().map(json).collect(),
        Tree::Map(entries) => entries
            .iter()
            .map(|(key, item)| (key.to_string(), json(item)))
            .collect(),
        other => panic!("a kind of value that the oracle does not know: {other:?}"),
    }
}

fn float(value: f64) -> Json {
    match value {
        _ if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => value.into(),
    }
}

fn base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        for digit in 0..4 {
            let symbol = SYMBOLS[(word >> (18 - 6 * digit)) as usize & 63];
            out.push(if digit > chunk.len() {
                '='
            } else {
                char::from(symbol)
            });
        }
    }
    out
}

/// Keys are static: plain ones, the envelope's, and what nobody should take.
const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "rows",
    "user",
    "query",
    "id",
    "parent",
    "error",
    "children",
    "gomon:fp",
    "_id",
    "_gomon:fp",
    "gomon:dropped",
    "",
    "\0",
    "\"",
    "\\",
    "\r\n",
    "\u{1b}[31m",
    "\u{85}",
    "\u{2028}",
    "é",
    "🦀",
    "k0",
    "k1",
    "k2",
    "k3",
    "k4",
    "k5",
    "k6",
    "k7",
    "k8",
    "k9",
];

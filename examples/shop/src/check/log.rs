//! The events of a run as they were written: one JSON object a line, a file for each of the two
//! processes.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::stock::events_beside;

/// The events of the shop and of its stock service.
#[derive(Debug)]
pub(super) struct Run {
    shop: Log,
    stock: Log,
    by_id: HashMap<String, (Process, usize)>,
}

/// The events of one process, in the order written.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) name: String,
    pub(super) events: Vec<Event>,
}

/// One line.
#[derive(Debug)]
pub(super) struct Event(Map<String, Value>);

/// What it means that there is no such file: a stock service that was never reached wrote nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    IsAnError,
    IsEmpty,
}

#[derive(Clone, Copy, Debug)]
enum Process {
    Shop,
    Stock,
}

impl Run {
    pub(super) fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self::new(
            Log::read(file, Missing::IsAnError)?,
            Log::read(&events_beside(file), Missing::IsEmpty)?,
        ))
    }

    pub(super) fn new(shop: Log, stock: Log) -> Self {
        let mut by_id = HashMap::new();
        for (process, log) in [(Process::Shop, &shop), (Process::Stock, &stock)] {
            for (place, event) in log.events.iter().enumerate() {
                // Of an opening and a closing event the closing one, which comes later and knows
                // more.
                by_id.insert(event.id().to_owned(), (process, place));
            }
        }
        Self { shop, stock, by_id }
    }

    pub(super) fn logs(&self) -> [&Log; 2] {
        [&self.shop, &self.stock]
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.shop.events.iter().chain(&self.stock.events)
    }

    pub(super) fn find(&self, id: &str) -> Option<&Event> {
        match *self.by_id.get(id)? {
            (Process::Shop, place) => self.shop.events.get(place),
            (Process::Stock, place) => self.stock.events.get(place),
        }
    }

    /// The closing events of `fp`.
    pub(super) fn closed(&self, fp: &str) -> impl Iterator<Item = &Event> {
        self.events()
            .filter(move |event| event.fp() == fp && !event.is_open())
    }
}

impl Log {
    fn read(file: &Path, missing: Missing) -> Result<Self, Box<dyn Error>> {
        let name = file.display().to_string();
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound && missing == Missing::IsEmpty => {
                String::new()
            }
            text => text.map_err(|error| format!("{name}: {error}"))?,
        };
        Self::parse(name, &text)
    }

    pub(super) fn parse(name: String, text: &str) -> Result<Self, Box<dyn Error>> {
        let mut events = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            events.push(
                serde_json::from_str(line).map_err(|error| format!("{name}:{number}: {error}"))?,
            );
        }
        Ok(Self { name, events })
    }

    /// How many different records there are: an opening and a closing event are two.
    pub(super) fn records(&self) -> usize {
        self.events
            .iter()
            .map(|event| (event.id(), event.is_open()))
            .collect::<HashSet<_>>()
            .len()
    }
}

impl Event {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Empty when there is none, or it is not a text; so for all of these.
    pub(super) fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.text("id")
    }

    pub(super) fn parent(&self) -> &str {
        self.text("parent")
    }

    pub(super) fn fp(&self) -> &str {
        self.text("gomon:fp")
    }

    pub(super) fn start(&self) -> u64 {
        self.get("gomon:start")
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    pub(super) fn is_open(&self) -> bool {
        self.get("gomon:open") == Some(&Value::Bool(true))
    }

    pub(super) fn outcome(&self) -> &str {
        self.text("gomon:outcome")
    }

    pub(super) fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// The path of `url`.
    pub(super) fn path(&self) -> &str {
        self.get("url")
            .and_then(|url| url.get("path"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The first value of a request header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.get("headers")?.get(name)?.get(0)?.as_str()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fp(), self.id())?;
        if self.is_open() {
            f.write_str(" (opening)")
        } else {
            Ok(())
        }
    }
}

/// Unlike a plain map, refuses a key that comes twice: the last one would hide the first.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueKeys)
    }
}

struct UniqueKeys;

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Event, A::Error> {
        let mut event = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if event.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key} comes twice")));
            }
            event.insert(key, value);
        }
        Ok(Event(event))
    }
}

//! An event as one line of JSON: the envelope of docs/events.md, section 1.

mod number;
mod text;

use std::cell::RefCell;

use uuid::Uuid;

use self::number::{float, hex, integer, uuid};
use self::text::{bytes, string};
use crate::application::Application;
use crate::clock;
use crate::event::attribute::Attribute;
use crate::event::error_info::ErrorInfo;
use crate::event::flags::Flags;
use crate::event::packed::{Item, PackedMap};
use crate::event::record::Record;
use crate::event::shape::Shapes;
use crate::event::value::{Tree, ValueRef};

/// Appends the event as one JSON object without a newline. A weight of 0 is none.
pub(crate) fn write_event(
    out: &mut String,
    record: &Record,
    weight: f64,
    application: &Application,
) {
    out.push_str("{\"id\":\"");
    uuid(out, record.trace.event_id(record.span));
    if !record.flags.has(Flags::APPLICATION) {
        out.push_str("\",\"parent\":\"");
        let parent = record.parent().map(|span| record.trace.event_id(span));
        uuid(out, parent.unwrap_or(application.id()));
    }
    out.push_str(application.json());
    string(out, record.fp);
    out.push_str(",\"gomon:start\":");
    integer(out, clock::unix_nanos(record.start));
    if !record.flags.has(Flags::OPENING) {
        out.push_str(",\"gomon:lapsed\":");
        integer(out, clock::nanos_between(record.start, record.end));
    }
    out.push_str(",\"gomon:trace\":\"");
    hex(out, record.trace.to_u128());
    if record.flags.has(Flags::OPENING) {
        out.push_str("\",\"gomon:open\":true");
    } else {
        out.push_str("\",\"gomon:outcome\":\"");
        out.push_str(record.outcome.as_str());
        out.push('"');
    }
    attributes(out, record);
    list(out, "error", record.errors(), error);
    list(out, "children", record.children(), |out, child| {
        write_event(out, child, 0.0, application)
    });
    if record.flags.has(Flags::ORPHAN) {
        out.push_str(",\"orphan\":true");
    }
    if weight > 0.0 {
        out.push_str(",\"gomon:weight\":");
        float(out, weight);
    }
    if !record.cut().is_empty() {
        out.push_str(",\"gomon:dropped\":{");
        for (at, (key, amount)) in record.cut().iter().enumerate() {
            comma(out, at);
            string(out, key);
            out.push(':');
            integer(out, *amount);
        }
        out.push('}');
    }
    out.push('}');
}

pub(super) fn attributes(out: &mut String, record: &Record) {
    let [inline, beside] = record.stored();
    if beside.is_empty() && are_plain(inline) {
        for attribute in inline {
            text::plain_key(out, attribute.key);
            value(out, record.read(attribute.value));
        }
        return;
    }
    for (key, attribute) in record.attributes() {
        attribute_key(out, key);
        value(out, attribute);
    }
}

/// Whether each key is there once and is written as it is: found out once for each row of keys.
#[inline]
fn are_plain(attributes: &[Attribute]) -> bool {
    thread_local! {
        static PLAIN: RefCell<Shapes> = const { RefCell::new(Shapes::keeping(is_plain)) };
    }
    // Nothing in there calls back.
    PLAIN.with(|known| known.borrow_mut().row(attributes).is_some())
}

fn is_plain(key: &str) -> bool {
    !is_reserved(key) && text::is_clean(key)
}

/// What comes between the parent and the fingerprint: the same in every event of a run.
pub(crate) fn of_run(app_id: &str, execution: Uuid) -> String {
    let mut out = String::from("\",\"app-id\":");
    string(&mut out, app_id);
    out.push_str(",\"exec\":\"");
    uuid(&mut out, execution);
    out.push_str("\",\"gomon:fp\":");
    out
}

/// `,"key":`. Attributes never take the place of an envelope key: such a name gets an underscore in
/// front, and so does one that this would make it equal to.
#[inline]
fn attribute_key(out: &mut String, key: &str) {
    if is_reserved(key) {
        text::key(out, &format!("_{key}"));
    } else {
        text::key(out, key);
    }
}

#[inline]
fn is_reserved(key: &str) -> bool {
    if key.starts_with('_') {
        return is_reserved(key.trim_start_matches('_'));
    }
    match key.len() {
        2 | 4..=6 | 8 => ENVELOPE.contains(&key) || key.starts_with("gomon:"),
        _ => key.starts_with("gomon:"),
    }
}

const ENVELOPE: [&str; 7] = [
    "id", "parent", "app-id", "exec", "error", "children", "orphan",
];

fn error(out: &mut String, error: &ErrorInfo) {
    out.push_str("{\"msg\":");
    string(out, &error.msg);
    for (key, text) in [
        (",\"type\":", &error.kind),
        (",\"location\":", &error.location),
    ] {
        if let Some(text) = text {
            out.push_str(key);
            string(out, text);
        }
    }
    list(out, "chain", &error.chain, |out, message| {
        string(out, message)
    });
    out.push('}');
}

/// `,"key":[…]`, or nothing for an empty list.
fn list<T>(out: &mut String, key: &str, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    if items.is_empty() {
        return;
    }
    text::key(out, key);
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        comma(out, at);
        write(out, item);
    }
    out.push(']');
}

#[inline]
pub(super) fn value(out: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.push_str("null"),
        ValueRef::Bool(value) => boolean(out, value),
        ValueRef::I64(value) => integer(out, value),
        ValueRef::U64(value) => integer(out, value),
        ValueRef::F64(value) => float(out, value),
        ValueRef::Str(text) => string(out, text),
        ValueRef::Tree(value) => tree(out, value),
        ValueRef::Packed(map) => packed(out, map),
    }
}

fn tree(out: &mut String, value: &Tree) {
    match value {
        Tree::Null => out.push_str("null"),
        Tree::Bool(value) => boolean(out, *value),
        Tree::I64(value) => integer(out, *value),
        Tree::U64(value) => integer(out, *value),
        Tree::F64(value) => float(out, *value),
        Tree::Str(text) => string(out, text),
        Tree::Bytes(value) => bytes(out, value),
        Tree::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                comma(out, at);
                tree(out, item);
            }
            out.push(']');
        }
        Tree::Map(entries) => {
            out.push('{');
            for (at, (key, item)) in entries.iter().enumerate() {
                comma(out, at);
                string(out, key);
                out.push(':');
                tree(out, item);
            }
            out.push('}');
        }
    }
}

/// The same as [`tree`] of its tree.
fn packed(out: &mut String, map: PackedMap<'_>) {
    let mut reader = map.reader();
    let mut entries = 0;
    out.push('{');
    while let Some((name, content)) = reader.entry() {
        comma(out, entries);
        entries += 1;
        string(out, name);
        out.push(':');
        match content {
            Item::List => {
                let mut items = 0;
                out.push('[');
                while let Some(content) = reader.item() {
                    comma(out, items);
                    items += 1;
                    item(out, &content);
                }
                out.push(']');
            }
            content => item(out, &content),
        }
    }
    out.push('}');
}

fn item(out: &mut String, item: &Item<'_>) {
    match item {
        Item::Text(text) => string(out, text),
        Item::Bytes(value) => bytes(out, value),
        Item::Number(value) => integer(out, *value),
        // None is inside of another.
        Item::List => out.push_str("null"),
    }
}

fn comma(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}

fn boolean(out: &mut String, value: bool) {
    out.push_str(if value { "true" } else { "false" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_names_cannot_be_taken_by_attributes() {
        let written = |key| {
            let mut out = String::new();
            attribute_key(&mut out, key);
            out
        };
        for key in ENVELOPE
            .into_iter()
            .chain(["gomon:fp", "gomon:", "_id", "__gomon:fp"])
        {
            assert_eq!(written(key), format!(",\"_{key}\":"));
        }
        assert_eq!(written("idle"), ",\"idle\":");
        assert_eq!(written("gomon"), ",\"gomon\":");
    }
}

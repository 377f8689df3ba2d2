//! An event as one line of JSON: the envelope of docs/events.md, section 1.

use std::fmt::Write;

use uuid::Uuid;

use crate::application::Application;
use crate::clock;
use crate::event::error_info::ErrorInfo;
use crate::event::record::Record;
use crate::event::value::{Tree, ValueRef};

/// Appends the event as one JSON object without a newline.
pub(crate) fn write_event(out: &mut String, record: &Record, application: &Application) {
    out.push_str("{\"id\":");
    uuid(out, record.trace.event_id(record.span));
    if !record.flags.application {
        out.push_str(",\"parent\":");
        uuid(
            out,
            record
                .parent
                .map_or(application.id(), |span| record.trace.event_id(span)),
        );
    }
    out.push_str(",\"app-id\":");
    string(out, application.app_id());
    out.push_str(",\"exec\":");
    uuid(out, application.id());
    out.push_str(",\"gomon:fp\":");
    string(out, record.fp);
    display(out, format_args!(",\"gomon:start\":{}", record.start_unix));
    if !record.flags.opening {
        let lapsed = clock::nanos_between(record.start, record.end);
        display(out, format_args!(",\"gomon:lapsed\":{lapsed}"));
    }
    display(out, format_args!(",\"gomon:trace\":\"{}\"", record.trace));
    if record.flags.opening {
        out.push_str(",\"gomon:open\":true");
    } else {
        display(
            out,
            format_args!(",\"gomon:outcome\":\"{}\"", record.outcome),
        );
    }
    for (key, attribute) in record.attributes() {
        out.push(',');
        attribute_key(out, key);
        out.push(':');
        value(out, attribute);
    }
    list(out, "error", record.errors(), error);
    list(out, "children", record.children(), |out, child| {
        write_event(out, child, application)
    });
    if record.flags.orphan {
        out.push_str(",\"orphan\":true");
    }
    if record.weight > 0.0 {
        out.push_str(",\"gomon:weight\":");
        float(out, record.weight);
    }
    if !record.cut().is_empty() {
        out.push_str(",\"gomon:dropped\":{");
        for (at, (key, amount)) in record.cut().iter().enumerate() {
            comma(out, at);
            string(out, key);
            display(out, format_args!(":{amount}"));
        }
        out.push('}');
    }
    out.push('}');
}

/// Attributes never take the place of an envelope key: such a name gets an underscore in front.
fn attribute_key(out: &mut String, key: &str) {
    let reserved = ENVELOPE.contains(&key) || key.starts_with("gomon:");
    if reserved {
        string(out, &format!("_{key}"));
    } else {
        string(out, key);
    }
}

const ENVELOPE: [&str; 7] = [
    "id", "parent", "app-id", "exec", "error", "children", "orphan",
];

fn error(out: &mut String, error: &ErrorInfo) {
    out.push_str("{\"msg\":");
    string(out, &error.msg);
    for (key, text) in [("type", &error.kind), ("location", &error.location)] {
        if let Some(text) = text {
            display(out, format_args!(",\"{key}\":"));
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
    display(out, format_args!(",\"{key}\":["));
    for (at, item) in items.iter().enumerate() {
        comma(out, at);
        write(out, item);
    }
    out.push(']');
}

fn value(out: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.push_str("null"),
        ValueRef::Bool(value) => display(out, value),
        ValueRef::I64(value) => display(out, value),
        ValueRef::U64(value) => display(out, value),
        ValueRef::F64(value) => float(out, value),
        ValueRef::Str(text) => string(out, text),
        ValueRef::Tree(value) => tree(out, value),
    }
}

fn tree(out: &mut String, value: &Tree) {
    match value {
        Tree::Null => out.push_str("null"),
        Tree::Bool(value) => display(out, value),
        Tree::I64(value) => display(out, value),
        Tree::U64(value) => display(out, value),
        Tree::F64(value) => float(out, *value),
        Tree::Str(text) => string(out, text),
        Tree::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => string(out, text),
            Err(_) => base64(out, bytes),
        },
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

fn comma(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}

fn uuid(out: &mut String, id: Uuid) {
    display(out, format_args!("\"{}\"", id.as_hyphenated()));
}

/// JSON has no NaN and no infinities.
fn float(out: &mut String, value: f64) {
    match value {
        _ if value.is_nan() => out.push_str("\"NaN\""),
        f64::INFINITY => out.push_str("\"Infinity\""),
        f64::NEG_INFINITY => out.push_str("\"-Infinity\""),
        // Debug writes the shortest text that reads back as the same float, as JSON would.
        _ => display(out, format_args!("{value:?}")),
    }
}

fn display(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String never fails.
    let _ = write!(out, "{value}");
}

/// A JSON string. Control characters are escaped, DEL too, so that a line shown in a terminal
/// does no harm.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut clean_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: Option<&str> = match byte {
            b'"' => Some("\\\""),
            b'\\' => Some("\\\\"),
            b'\n' => Some("\\n"),
            b'\r' => Some("\\r"),
            b'\t' => Some("\\t"),
            0..0x20 | 0x7f => None,
            _ => continue,
        };
        out.push_str(text.get(clean_from..at).unwrap_or(""));
        clean_from = at + 1;
        match escape {
            Some(escape) => out.push_str(escape),
            None => display(out, format_args!("\\u{byte:04x}")),
        }
    }
    out.push_str(text.get(clean_from..).unwrap_or(""));
    out.push('"');
}

/// RFC 4648, section 4, with padding.
fn base64(out: &mut String, bytes: &[u8]) {
    out.push('"');
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = (word >> (18 - 6 * digit)) & 63;
            let symbol = BASE64.chars().nth(index as usize).unwrap_or('=');
            out.push(if digit > chunk.len() { '=' } else { symbol });
        }
    }
    out.push('"');
}

const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn control_characters_quotes_and_backslashes_are_escaped() {
        let nasty = "a\"b\\c\nd\re\tf\u{0}g\u{1b}[31m\u{7f}\u{202e}é";
        let json = text(|out| string(out, nasty));
        assert!(json.bytes().all(|byte| byte >= 0x20 && byte != 0x7f));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), nasty);
    }

    #[test]
    fn floats_read_back_as_themselves_and_the_rest_become_strings() {
        for number in [0.1, -0.0, 1e300, f64::MIN_POSITIVE, 3.0] {
            let json = text(|out| float(out, number));
            assert_eq!(
                serde_json::from_str::<f64>(&json).unwrap().to_bits(),
                number.to_bits()
            );
        }
        assert_eq!(text(|out| float(out, f64::NAN)), "\"NaN\"");
        assert_eq!(text(|out| float(out, f64::NEG_INFINITY)), "\"-Infinity\"");
    }

    #[test]
    fn bytes_are_base64_as_rfc_4648_gives_it() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(
                text(|out| base64(out, bytes.as_bytes())),
                format!("\"{expected}\"")
            );
        }
        assert_eq!(text(|out| base64(out, &[0xff, 0xfe])), "\"//4=\"");
    }

    #[test]
    fn envelope_names_cannot_be_taken_by_attributes() {
        assert_eq!(text(|out| attribute_key(out, "id")), "\"_id\"");
        assert_eq!(text(|out| attribute_key(out, "gomon:fp")), "\"_gomon:fp\"");
        assert_eq!(text(|out| attribute_key(out, "idle")), "\"idle\"");
    }
}

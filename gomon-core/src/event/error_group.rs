//! Which errors are the same one again.

use std::fmt::Write;

use crate::event::limits::prefix;

/// A text that is the same for errors that differ in nothing but their numbers, ids and quoted values:
/// `type: message (location)`.
pub(crate) fn group(kind: Option<&str>, msg: &str, location: Option<&str>) -> String {
    let mut group = String::new();
    if let Some(kind) = kind {
        let _ = write!(group, "{}: ", prefix(kind, KIND_BYTES));
    }
    normalise(msg, &mut group);
    if let Some(location) = location {
        let _ = write!(group, " ({location})");
    }
    group
}

/// Quoted text becomes `?`; numbers and what looks like an id (four and more hexadecimal digits and dashes, one of them
/// decimal) become `#`; white space becomes one space. Of the result as much is kept as tells one error from another.
fn normalise(msg: &str, out: &mut String) {
    let end = out.len() + MESSAGE_BYTES;
    let mut rest = msg.trim();
    // Where there is no second one of a kind, there is none further on either: the time stays linear.
    let mut unclosed = Vec::new();
    while let Some(first) = rest.chars().next() {
        if out.len() >= end {
            return out.push('…');
        }
        let taken = match first {
            first if is_word(first) => {
                let word = run(rest, is_word);
                push_word(word, out);
                word.len()
            }
            first if first.is_whitespace() => {
                out.push(' ');
                run(rest, char::is_whitespace).len()
            }
            quote @ ('"' | '\'' | '`') if !unclosed.contains(&quote) => {
                let inside = rest.get(1..).and_then(|inside| inside.find(quote));
                match inside {
                    Some(inside) => {
                        out.push('?');
                        inside + 2
                    }
                    None => {
                        unclosed.push(quote);
                        out.push(quote);
                        1
                    }
                }
            }
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or("");
    }
}

/// What a text begins with, as long as it is of a kind.
fn run(text: &str, is_kind: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !is_kind(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn push_word(word: &str, out: &mut String) {
    let word = prefix(word, WORD_BYTES);
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let is_hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let number = word.strip_prefix("0x").unwrap_or(word);
    if has_digit && number.len() >= 4 && number.bytes().all(is_hex) {
        return out.push('#');
    }
    let mut in_number = false;
    for character in word.chars() {
        let digit = character.is_ascii_digit();
        if !digit {
            out.push(character);
        } else if !in_number {
            out.push('#');
        }
        in_number = digit;
    }
}

/// An apostrophe within a word is none that quotes.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '’')
}

const KIND_BYTES: usize = 80;
const MESSAGE_BYTES: usize = 120;
const WORD_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(msg: &str) -> String {
        group(None, msg, None)
    }

    #[test]
    fn what_differs_from_one_time_to_the_next_is_left_out() {
        let same = [
            (
                "user 17 not found in 3.5ms",
                "user 4 not found in 120.25ms",
                "user # not found in #.#ms",
            ),
            ("no file '/tmp/a.txt'", "no file '/var/b'", "no file ?"),
            (
                "trace 01a229c5-fb7b-8ce4-9325-fc4a565694cd",
                "trace 4bf92f3577b34da6a3ce929d0e0e4736",
                "trace #",
            ),
            ("at 0x7ffd12a0", "at 0xdeadbee1", "at #"),
            ("a\n\t b", "a b", "a b"),
        ];
        for (one, other, expected) in same {
            assert_eq!(
                (normalised(one), normalised(other)),
                (expected.into(), expected.into())
            );
        }
    }

    #[test]
    fn what_tells_errors_apart_stays() {
        let texts = [
            "connection refused",
            "connection reset",
            "face lost",
            "it's down",
            "utf8 wanted",
        ];
        for (at, one) in texts.iter().enumerate() {
            for other in &texts[at + 1..] {
                assert_ne!(normalised(one), normalised(other));
            }
        }
        assert_ne!(group(Some("A"), "x", None), group(Some("B"), "x", None));
        assert_ne!(
            group(None, "x", Some("a.rs:1")),
            group(None, "x", Some("a.rs:2"))
        );
        let whole = group(Some("Io"), "disk 3 full", Some("a.rs:7"));
        assert_eq!(whole, "Io: disk # full (a.rs:7)");
    }

    #[test]
    fn any_text_gives_a_short_key() {
        let (numbers, quotes) = ("x1 ".repeat(100_000), "'".repeat(99_999));
        let long_word = "x".repeat(1 << 20);
        let texts = [
            "'",
            "\"never closed",
            "ä'ö'ü",
            "",
            "   ",
            &numbers,
            &quotes,
            &long_word,
        ];
        for text in texts {
            assert!(
                normalised(text).len() <= 2 * MESSAGE_BYTES,
                "{}",
                normalised(text).len()
            );
        }
    }
}

//! Strings and bytes as JSON strings.

/// Appends `text` as a JSON string. Control characters are escaped, DEL too, so that a line shown
/// in a terminal does no harm.
#[inline]
pub(super) fn string(out: &mut String, text: &str) {
    between(out, "\"", text, "\"");
}

/// Appends `,"key":`.
#[inline]
pub(super) fn key(out: &mut String, key: &str) {
    between(out, ",\"", key, "\":");
}

// Always, because its callers' texts are constants: copied by a call they would cost more than `text`.
#[inline(always)]
fn between(out: &mut String, before: &str, text: &str, after: &str) {
    out.push_str(before);
    if is_clean(text) {
        out.push_str(text);
    } else {
        escaped(out, text);
    }
    out.push_str(after);
}

/// Whether nothing in `text` has to be escaped: eight bytes at a time, since almost no text has
/// anything.
#[inline]
fn is_clean(text: &str) -> bool {
    let bytes = text.as_bytes();
    let found = if let Some(last) = bytes.last_chunk() {
        let (words, _) = bytes.as_chunks();
        // The last word overlaps the one before it, which does no harm.
        let words = words.iter();
        words.fold(special(*last), |found, word| found | special(*word))
    } else if let (Some([a, b, c, d]), Some([e, f, g, h])) =
        (bytes.first_chunk(), bytes.last_chunk())
    {
        special([*a, *b, *c, *d, *e, *f, *g, *h])
    } else {
        return bytes.iter().all(|byte| escape_of(*byte).is_empty());
    };
    found & each(0x80) == 0
}

/// Sets the highest bit of each byte that has to be escaped: below 0x20, a quote, a backslash, DEL.
/// The other bits mean nothing.
///
/// The highest bit of a byte that is part of a longer character is never set on its own account. A
/// carry or borrow may set one too many, but only next to one that is set rightly.
#[inline]
fn special(bytes: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(bytes);
    // The quote, 0x22, changes places with the space, 0x20: so it follows the control characters.
    let control_or_quote = (word ^ each(0x02)).wrapping_sub(each(0x21));
    let backslash = (word ^ each(b'\\')).wrapping_sub(each(1));
    let delete = word.wrapping_add(each(1));
    (control_or_quote | backslash | delete) & !word
}

const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[cold]
fn escaped(out: &mut String, text: &str) {
    let mut clean_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = escape_of(byte);
        if !escape.is_empty() {
            out.push_str(text.get(clean_from..at).unwrap_or(""));
            out.push_str(escape);
            clean_from = at + 1;
        }
    }
    out.push_str(text.get(clean_from..).unwrap_or(""));
}

/// What stands for a byte in a JSON string; empty where it stands for itself.
fn escape_of(byte: u8) -> &'static str {
    ESCAPES.get(usize::from(byte)).copied().unwrap_or("")
}

const ESCAPES: [&str; 256] = {
    const CONTROL: [&str; 0x20] = [
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
        "\\u0008", "\\t", "\\n", "\\u000b", "\\u000c", "\\r", "\\u000e", "\\u000f", "\\u0010",
        "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018",
        "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
    ];
    let mut escapes = [""; 256];
    if let Some(first) = escapes.first_chunk_mut() {
        *first = CONTROL;
    }
    escapes[0x22] = "\\\"";
    escapes[0x5c] = "\\\\";
    escapes[0x7f] = "\\u007f";
    escapes
};

/// Appends bytes as a JSON string: as they are when they are text, else as base64 (RFC 4648,
/// section 4, with padding).
pub(super) fn bytes(out: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => string(out, text),
        Err(_) => base64(out, bytes),
    }
}

fn base64(out: &mut String, bytes: &[u8]) {
    out.push('"');
    out.reserve(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let symbol = BASE64.get((word >> (18 - 6 * digit)) as usize & 63);
            let symbol = symbol.filter(|_| digit <= chunk.len());
            out.push(symbol.map_or('=', |symbol| char::from(*symbol)));
        }
    }
    out.push('"');
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
    fn every_character_is_found_at_every_place_of_texts_of_every_length() {
        let characters = (0..0x100).map(|code| char::from_u32(code).unwrap());
        for character in characters.chain(['\u{202e}', '🦀']) {
            let needs_escape = character < ' ' || "\"\\\u{7f}".contains(character);
            for length in 0..20 {
                for at in 0..=length {
                    let mut plain = "x".repeat(length);
                    plain.insert(at, character);
                    assert_eq!(is_clean(&plain), !needs_escape, "{plain:?}");
                    let json = text(|out| string(out, &plain));
                    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), plain);
                }
            }
        }
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
        assert_eq!(text(|out| bytes(out, &[0xff, 0xfe])), "\"//4=\"");
        assert_eq!(text(|out| bytes(out, b"text")), "\"text\"");
    }
}

//! Strings and bytes as JSON strings.

/// Appends `text` as a JSON string. All control characters are escaped, so that a line shown in a
/// terminal does no harm, and what many readers take for the end of a line: U+2028 and U+2029.
#[inline]
pub(super) fn string(out: &mut String, text: &str) {
    between(out, "\"", text, "\"");
}

/// Appends `,"key":` for a key that needs no escape.
#[inline]
pub(super) fn plain_key(out: &mut String, key: &str) {
    out.push_str(",\"");
    out.push_str(key);
    out.push_str("\":");
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
pub(super) fn is_clean(text: &str) -> bool {
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
        return text
            .chars()
            .all(|character| escape_of(character).is_empty());
    };
    found & each(0x80) == 0
}

/// Sets the highest bit of each byte that has to be escaped: below 0x20, a quote, a backslash, DEL,
/// and of each that begins a character which may have to be: 0xc2 those from U+0080 on, 0xe2 the
/// separators. The other bits mean nothing.
///
/// A carry or borrow may set one too many, but only next to one that is set rightly.
#[inline]
fn special(bytes: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(bytes);
    // The quote, 0x22, changes places with the space, 0x20: so it follows the control characters.
    let control_or_quote = (word ^ each(0x02)).wrapping_sub(each(0x21));
    let backslash = (word ^ each(b'\\')).wrapping_sub(each(1));
    let delete = word.wrapping_add(each(1));
    let short = (control_or_quote | backslash | delete) & !word;
    // The two leading bytes differ in one bit.
    let leading = (word | each(0x20)) ^ each(0xe2);
    short | (leading.wrapping_sub(each(1)) & !leading)
}

const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[cold]
fn escaped(out: &mut String, text: &str) {
    let mut clean_from = 0;
    for (at, character) in text.char_indices() {
        let escape = escape_of(character);
        if !escape.is_empty() {
            out.push_str(text.get(clean_from..at).unwrap_or(""));
            out.push_str(escape);
            clean_from = at + character.len_utf8();
        }
    }
    out.push_str(text.get(clean_from..).unwrap_or(""));
}

/// What stands for a character in a JSON string; empty where it stands for itself.
fn escape_of(character: char) -> &'static str {
    match character {
        '\u{2028}' => "\\u2028",
        '\u{2029}' => "\\u2029",
        _ => ESCAPES.get(character as usize).copied().unwrap_or(""),
    }
}

/// By code point.
const ESCAPES: [&str; 0xa0] = {
    const CONTROL: [&str; 0x20] = [
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
        "\\u0008", "\\t", "\\n", "\\u000b", "\\u000c", "\\r", "\\u000e", "\\u000f", "\\u0010",
        "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018",
        "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
    ];
    const MORE_CONTROL: [&str; 0x20] = [
        "\\u0080", "\\u0081", "\\u0082", "\\u0083", "\\u0084", "\\u0085", "\\u0086", "\\u0087",
        "\\u0088", "\\u0089", "\\u008a", "\\u008b", "\\u008c", "\\u008d", "\\u008e", "\\u008f",
        "\\u0090", "\\u0091", "\\u0092", "\\u0093", "\\u0094", "\\u0095", "\\u0096", "\\u0097",
        "\\u0098", "\\u0099", "\\u009a", "\\u009b", "\\u009c", "\\u009d", "\\u009e", "\\u009f",
    ];
    let mut escapes = [""; 0xa0];
    if let Some(first) = escapes.first_chunk_mut() {
        *first = CONTROL;
    }
    if let Some(last) = escapes.last_chunk_mut() {
        *last = MORE_CONTROL;
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
        let nasty = "a\"b\\c\nd\re\tf\u{0}g\u{1b}[31m\u{7f}\u{85}\u{9b}\u{2028}\u{2029}\u{202e}é°";
        let json = text(|out| string(out, nasty));
        assert!(!json.contains(char::is_control) && json.contains("\\u0085\\u009b\\u2028\\u2029"));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), nasty);
    }

    #[test]
    fn every_character_is_found_at_every_place_of_texts_of_every_length() {
        let characters = (0..0x100).map(|code| char::from_u32(code).unwrap());
        for character in characters.chain("\u{2028}\u{2029}\u{202e}🦀".chars()) {
            let needs_escape = character.is_control() || "\"\\\u{2028}\u{2029}".contains(character);
            for length in 0..20 {
                for at in 0..=length {
                    let mut plain = "x".repeat(length);
                    plain.insert(at, character);
                    let json = text(|out| string(out, &plain));
                    // What begins like one that needs it is looked at more closely.
                    let wary = needs_escape || (!character.is_ascii() && !is_clean(&plain));
                    assert_eq!(is_clean(&plain), !wary, "{plain:?}");
                    let escaped = json.len() > plain.len() + 2;
                    assert_eq!(escaped, needs_escape, "{json}");
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

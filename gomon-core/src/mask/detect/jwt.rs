//! JSON web tokens.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{before, run};

/// The token that begins at a byte. The `e` is that of `{` in base64.
pub(super) fn find(text: &[u8], at: usize) -> Option<Range<usize>> {
    if before(text, at).is_some_and(is_base64url) {
        return None;
    }
    let header = at + run(text, at, is_base64url);
    if text.get(header) != Some(&b'.') {
        return None;
    }
    names_algorithm(text.get(at..header)?).then(|| {
        let rest = run(text, header, |byte| byte == b'.' || is_base64url(byte));
        at..header + rest
    })
}

fn names_algorithm(header: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "alg")]
        _algorithm: IgnoredAny,
    }
    decoded(header).is_some_and(|json| serde_json::from_slice::<Header>(&json).is_ok())
}

/// Base64url without padding (RFC 4648, section 5).
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let mut word = 0;
        for at in 0..4 {
            let digit = group.get(at).map_or(Some(0), |byte| digit(*byte))?;
            word = word << 6 | u32::from(digit);
        }
        let [_, decoded @ ..] = word.to_be_bytes();
        bytes.extend(decoded.iter().take(group.len() * 3 / 4));
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

fn is_base64url(byte: u8) -> bool {
    digit(byte).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Detectors;

    /// The example of RFC 7519, section 3.1, with line breaks taken out.
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn tokens_are_masked_wherever_they_stand() {
        let jwt = Detectors::none().with_jwt();
        for (text, expected) in [
            (TOKEN.to_owned(), "[redacted]"),
            (format!("a={TOKEN}&b"), "a=[redacted]&b"),
            (format!("x.{TOKEN} y"), "x.[redacted] y"),
            ("eyJhbGciOiJub25lIn0.e30.".to_owned(), "[redacted]"),
            // Cut in its second part.
            (TOKEN[..60].to_owned(), "[redacted]"),
        ] {
            assert_eq!(jwt.mask(&text), expected);
        }
    }

    #[test]
    fn what_has_no_header_of_a_token_stays() {
        for text in [
            "e.g. this",
            "example.com.au",
            "eyJhbGciOiJub25lIn0",
            "eyJ0eXAiOiJKV1QifQ.e30.x",
            "eyJhbGc.e30.x",
            "xeyJhbGciOiJub25lIn0.e30.",
        ] {
            assert_eq!(Detectors::none().with_jwt().mask(text), text);
        }
    }

    #[test]
    fn base64url_is_decoded() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg", b"f"),
            ("Zm8", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg", b"foob"),
            ("-_8", b"\xfb\xff"),
        ] {
            assert_eq!(decoded(text.as_bytes()).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(decoded(b"Zg=="), None);
    }
}

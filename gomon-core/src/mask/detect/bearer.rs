//! Credentials behind the name of their scheme.

use std::ops::Range;

use super::{before, run};

/// The credentials of a scheme whose name begins at a byte.
pub(super) fn find(text: &[u8], at: usize) -> Option<Range<usize>> {
    if before(text, at).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let name = run(text, at, |byte| byte.is_ascii_alphabetic());
    if !is_scheme(text.get(at..at + name)?) {
        return None;
    }
    let mut start = at + name;
    while let Some(blank) = blank(text.get(start..)?) {
        start += blank;
    }
    if start == at + name {
        return None;
    }
    let end = start + run(text, start, is_of_token);
    // A scheme behind a scheme has its own credentials.
    let token = text.get(start..end)?;
    (!token.is_empty() && !is_scheme(token)).then_some(start..end)
}

fn is_scheme(name: &[u8]) -> bool {
    [&b"bearer"[..], b"basic"]
        .iter()
        .any(|scheme| name.eq_ignore_ascii_case(scheme))
}

/// The length of what separates them, as it is or as in a URL.
fn blank(rest: &[u8]) -> Option<usize> {
    match rest {
        [b' ' | b'\t' | b'+', ..] => Some(1),
        [b'%', b'2', b'0', ..] => Some(3),
        _ => None,
    }
}

/// `token68` of RFC 9110, section 11.2, and what a percent-encoded one holds.
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'%')
}

#[cfg(test)]
mod tests {
    use crate::mask::Detectors;

    #[test]
    fn credentials_are_masked_and_their_scheme_stays() {
        let bearer = Detectors::none().with_bearer();
        for (text, expected) in [
            ("Bearer xyz", "Bearer [redacted]"),
            (
                "got 'bearer  a.b~c/d+e==', sorry",
                "got 'bearer  [redacted]', sorry",
            ),
            ("Basic dTpw; x", "Basic [redacted]; x"),
            ("/?a=Bearer%20x%2By&b=1", "/?a=Bearer%20[redacted]&b=1"),
            ("BASIC+x&b", "BASIC+[redacted]&b"),
            ("basic Bearer xyz", "basic Bearer [redacted]"),
            ("bearer", "bearer"),
            ("bearer: x", "bearer: x"),
            ("forbearer x", "forbearer x"),
            ("basics x", "basics x"),
        ] {
            assert_eq!(bearer.mask(text), expected);
        }
    }
}

//! E-mail addresses.

use std::ops::Range;

use super::run;

/// The address round an `@` or `%40`.
pub(super) fn find(text: &[u8], at: usize, from: usize) -> Option<Range<usize>> {
    let sign = match text.get(at..)? {
        [b'@', ..] => 1,
        [b'%', b'4', b'0', ..] => 3,
        _ => return None,
    };
    let local = text.get(from.max(at.saturating_sub(MOST_LOCAL))..at)?;
    let local = local.iter().rev();
    let local = local.take_while(|byte| is_of_local(**byte)).count();
    let start = at + sign;
    let domain = text.get(start..start + run(text, start, is_of_domain))?;
    let domain = without_stop(domain);
    (local > 0 && is_domain(domain)).then(|| at - local..start + domain.len())
}

/// Without the full stop of a sentence.
fn without_stop(mut domain: &[u8]) -> &[u8] {
    while let [head @ .., b'.' | b'-'] = domain {
        domain = head;
    }
    domain
}

/// Names with a dot between them, the last of which begins with a letter.
fn is_domain(domain: &[u8]) -> bool {
    let mut names = domain.rsplit(|byte| *byte == b'.');
    let last = names.next().unwrap_or_default();
    let top = last.len() > 1 && last.first().is_some_and(|byte| !byte.is_ascii_digit());
    top && names.next().is_some_and(|name| !name.is_empty())
}

/// What addresses are written with, of what RFC 5322 allows: others stand between parameters and
/// words as well. Letters of all languages (RFC 6531).
fn is_of_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'~' | b'\'')
        || !byte.is_ascii()
}

fn is_of_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') || !byte.is_ascii()
}

/// Bytes before the sign: 64 by RFC 5321, each of them percent-encoded perhaps.
const MOST_LOCAL: usize = 3 * 64;

#[cfg(test)]
mod tests {
    use crate::mask::Detectors;

    fn masked(text: &str) -> String {
        Detectors::none().with_emails().mask(text).into_owned()
    }

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        for (text, expected) in [
            ("joe@example.com", "[redacted]"),
            (
                "Write to joe.d+x@mail.example.co.uk.",
                "Write to [redacted].",
            ),
            ("<mailto:o'neil@example.com>", "<mailto:[redacted]>"),
            ("/?to=joe%40example.com&a=b", "/?to=[redacted]&a=b"),
            ("a@example.com,b@example.com", "[redacted],[redacted]"),
            ("jörg@müller.de!", "[redacted]!"),
            ("Zoë und 佐藤@例え.jp", "Zoë und [redacted]"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn other_signs_stay() {
        for text in [
            "@joe",
            "joe@",
            "joe@localhost",
            "3 @ 4.50",
            "a@1.2",
            "user@.com",
            "100%40 x",
            "https://[redacted]@shop.example/",
            "gomon@1.2.3",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}

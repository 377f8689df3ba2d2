//! Numbers of payment cards.

use std::ops::{Range, RangeInclusive};

use super::before;

/// The card number that begins at a digit.
pub(super) fn find(text: &[u8], at: usize) -> Option<Range<usize>> {
    if before(text, at).is_some_and(|byte| byte.is_ascii_alphanumeric()) || is_fraction(text, at) {
        return None;
    }
    let mut number = Number::default();
    let mut end = at;
    let mut found = None;
    while let Some(digit) = text.get(end).filter(|byte| byte.is_ascii_digit()) {
        if !number.push(digit - b'0') {
            break;
        }
        end += 1;
        if !goes_on(text, end) && number.is_card() {
            found = Some(at..end);
        }
        let separated = matches!(text.get(end), Some(b' ' | b'-'));
        if separated && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
    }
    found
}

/// What a number may consist of.
pub(super) fn is_part(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ' ' | '-')
}

/// Behind the point of `3.14`.
fn is_fraction(text: &[u8], at: usize) -> bool {
    before(text, at) == Some(b'.') && before(text, at - 1).is_some_and(|byte| byte.is_ascii_digit())
}

fn goes_on(text: &[u8], end: usize) -> bool {
    match text.get(end) {
        Some(b'.') => text.get(end + 1).is_some_and(u8::is_ascii_digit),
        next => next.is_some_and(u8::is_ascii_alphanumeric),
    }
}

/// A number as it is read.
#[derive(Default)]
struct Number {
    /// The first four digits.
    prefix: u16,
    len: u8,
    /// Sums of the digits as they are, and of those doubled as the check wants it: at even places
    /// counted from the left, and at odd ones.
    sums: [u16; 2],
}

impl Number {
    /// False once there are more digits than a card has.
    fn push(&mut self, digit: u8) -> bool {
        if self.len == MOST_DIGITS {
            return false;
        }
        let once = u16::from(digit);
        let twice = once * 2 - if once > 4 { 9 } else { 0 };
        let [even, odd] = &mut self.sums;
        if self.len.is_multiple_of(2) {
            *even += once;
            *odd += twice;
        } else {
            *even += twice;
            *odd += once;
        }
        if self.len < 4 {
            self.prefix = self.prefix * 10 + once;
        }
        self.len += 1;
        true
    }

    fn is_card(&self) -> bool {
        // The last digit counts once, and so does every second one before it.
        let [even, odd] = self.sums;
        let sum = if self.len.is_multiple_of(2) {
            odd
        } else {
            even
        };
        let issued = ISSUERS.iter().any(|(prefixes, lengths)| {
            prefixes.contains(&self.prefix) && lengths.contains(&self.len)
        });
        issued && sum.is_multiple_of(10)
    }
}

const MOST_DIGITS: u8 = 19;
/// The first four digits of those in use, and how many there are in all: Mastercard's second range,
/// Diners Club, American Express, JCB, Visa, Mastercard and Maestro, Discover and UnionPay.
const ISSUERS: [(RangeInclusive<u16>, RangeInclusive<u8>); 9] = [
    (2221..=2720, 16..=16),
    (3000..=3099, 14..=19),
    (3400..=3499, 15..=15),
    (3528..=3589, 16..=19),
    (3600..=3699, 14..=19),
    (3700..=3799, 15..=15),
    (3800..=3999, 14..=19),
    (4000..=5899, 13..=19),
    (6000..=6999, 13..=19),
];

#[cfg(test)]
mod tests {
    use crate::mask::Detectors;

    fn masked(text: &str) -> String {
        Detectors::none().with_cards().mask(text).into_owned()
    }

    /// Test numbers that the issuers and payment providers publish.
    #[test]
    fn numbers_of_every_issuer_are_masked() {
        for number in [
            "4111111111111111",
            "4222222222222",
            "4012 8888 8888 1881",
            "5555-5555-5555-4444",
            "5105-1051-0510-5100",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
        ] {
            assert_eq!(masked(number), "[redacted]", "{number}");
            let inside = masked(&format!("card={number}, 3 pieces, 12 {number}."));
            assert_eq!(inside, "card=[redacted], 3 pieces, 12 [redacted].");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "4111111111111112",
            "4111  1111 1111 1111",
            "411111111111",
            "41111111111111111111",
            "1795241032175355049",
            "0.4111111111111111",
            "4111111111111111.5",
            "a4111111111111111",
            "4111111111111111a",
            "9111111111111119",
            "0000000000000000",
            "2026-01-02 03:04:05",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}

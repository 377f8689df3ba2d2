use std::sync::atomic::{AtomicU64, Ordering};

use super::known::Known;

/// The names of headers, parameters and fields whose values are never recorded.
///
/// A pattern is compared with the whole name, without regard to ASCII case; `*` stands for any
/// text. `author` and `authority` are never hidden, though `*auth*` would match them.
///
/// ```
/// use gomon_core::mask::NameMask;
///
/// let names = NameMask::default();
/// assert!(names.hides("Authorization") && names.hides("x-api-key"));
/// assert!(!names.hides("content-type") && !names.hides("author"));
/// ```
#[derive(Clone, Debug)]
pub struct NameMask {
    patterns: Vec<Hidden>,
    known: Known,
    id: u64,
}

impl NameMask {
    /// A mask of these patterns alone.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let patterns = patterns
            .into_iter()
            .map(|pattern| Hidden::new(&pattern.into()));
        Self::of(patterns.collect())
    }

    /// The same mask with one more pattern.
    #[must_use]
    pub fn with(mut self, pattern: &str) -> Self {
        self.patterns.push(Hidden::new(pattern));
        Self::of(self.patterns)
    }

    fn of(patterns: Vec<Hidden>) -> Self {
        let known = Known::new(|name| is_hidden(&patterns, name));
        let id = MASKS.fetch_add(1, Ordering::Relaxed);
        Self {
            patterns,
            known,
            id,
        }
    }

    /// Tells this mask and its clones from all others of the process, for who remembers what a mask said. Two that were made
    /// alike have two.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Whether the value of that name must be masked.
    #[must_use]
    pub fn hides(&self, name: &str) -> bool {
        let known = self.known.get(name);
        known.unwrap_or_else(|| is_hidden(&self.patterns, name))
    }

    /// Whether the value of a name that is a part of this text may have to be masked. Where not, no part has to be looked at.
    #[must_use]
    pub fn may_hide_in(&self, text: &str) -> bool {
        self.may_hide(Letters::of(text.as_bytes()))
    }

    /// Whether the value of a name with these letters may have to be masked.
    pub(super) fn may_hide(&self, letters: Letters) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| letters.has(pattern.letters))
    }
}

impl PartialEq for NameMask {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for NameMask {}

static MASKS: AtomicU64 = AtomicU64::new(0);

fn is_hidden(patterns: &[Hidden], name: &str) -> bool {
    let letters = Letters::of(name.as_bytes());
    let mut patterns = patterns.iter();
    patterns.any(|pattern| letters.has(pattern.letters) && pattern.matches(name)) && !is_shown(name)
}

/// A pattern of names that are hidden, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hidden {
    pattern: String,
    /// A name without one of these does not match: most names are done with by that.
    letters: Letters,
}

impl Hidden {
    fn new(pattern: &str) -> Self {
        let pattern = pattern.to_ascii_lowercase();
        let letters = Letters::of(pattern.as_bytes());
        Self { pattern, letters }
    }

    fn matches(&self, name: &str) -> bool {
        matches(self.pattern.as_bytes(), name.as_bytes())
    }
}

/// Which of the letters of ASCII a text has, whatever their case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letters(u32);

impl Letters {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn of(text: &[u8]) -> Self {
        let letters = text.iter().map(|byte| LETTERS.get(usize::from(*byte)));
        Self(letters.fold(0, |all, letter| all | letter.copied().unwrap_or(0)))
    }

    /// With that byte, if it is a letter.
    #[inline]
    pub(super) fn and(self, byte: u8) -> Self {
        Self(self.0 | LETTERS.get(usize::from(byte)).copied().unwrap_or(0))
    }

    pub(super) fn has(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }
}

/// The bit of each letter, by its byte; none for what is no letter.
#[expect(
    clippy::indexing_slicing,
    reason = "what is out of bounds does not compile"
)]
static LETTERS: [u32; 256] = {
    let mut letters = [0; 256];
    let mut number = 0_u8;
    while number < 26 {
        letters[(b'a' + number) as usize] = 1 << number;
        letters[(b'A' + number) as usize] = 1 << number;
        number += 1;
    }
    letters
};

fn is_shown(name: &str) -> bool {
    let name = name.strip_prefix(':').unwrap_or(name);
    SHOWN.iter().any(|other| name.eq_ignore_ascii_case(other))
}

impl Default for NameMask {
    fn default() -> Self {
        Self::new(DEFAULT)
    }
}

/// Compares with a lower-case pattern, without regard to the name's case.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    matches_by(u8::to_ascii_lowercase, pattern, name)
}

/// Compares to the letter.
#[cfg(feature = "test-util")]
pub(crate) fn matches_exactly(pattern: &str, name: &str) -> bool {
    matches_by(|byte| *byte, pattern.as_bytes(), name.as_bytes())
}

/// After a mismatch it goes on from the last `*`, so the time is at most the product of both lengths.
fn matches_by(read: fn(&u8) -> u8, pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p, n));
                p += 1;
            }
            (Some(wanted), _) if *wanted == read(byte) => {
                p += 1;
                n += 1;
            }
            (_, Some((star_p, star_n))) => {
                star = Some((star_p, star_n + 1));
                p = star_p + 1;
                n = star_n + 1;
            }
            (_, None) => return false,
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

pub(crate) const DEFAULT: [&str; 12] = [
    "*password*",
    "*passwd*",
    "*pwd*",
    "*secret*",
    "*key",
    "*token*",
    "*session*",
    "*credit*",
    "*card*",
    "*auth*",
    "*principal*",
    "*cookie*",
];
pub(crate) const SHOWN: [&str; 2] = ["author", "authority"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_names_are_hidden() {
        let names = NameMask::default();
        for name in [
            "password",
            "user_passwd",
            "PWD",
            "client-secret",
            "api_key",
            "X-Api-Key",
            "access_token",
            "sessionid",
            "creditLimit",
            "card_number",
            "Authorization",
            "proxy-authorization",
            "principal",
            "Cookie",
            "set-cookie",
        ] {
            assert!(names.hides(name), "{name}");
        }
        for name in [
            "accept",
            "author",
            "Authority",
            ":authority",
            "keyboard",
            "",
            "q",
        ] {
            assert!(!names.hides(name), "{name}");
        }
    }

    #[test]
    fn stars_match_any_text_anywhere() {
        let hides = |pattern: &str, name: &str| NameMask::new([pattern]).hides(name);
        assert!(
            hides("a*c", "abbbc")
                && hides("a*b*c", "axxbyyc")
                && hides("*", "")
                && hides("a**c", "ac")
        );
        assert!(!hides("a*c", "abbb") && !hides("abc", "abcd") && !hides("a*b*c", "acb"));
    }

    #[test]
    fn what_is_compared_to_the_letter_heeds_its_case() {
        assert!(matches_exactly("sql-*-*ctx", "sql-wconn-queryctx"));
        assert!(matches_exactly("**", "ab") && matches_exactly("a*", "a"));
        for (pattern, name) in [("A*", "a"), ("a", "A"), ("a*a", "a"), ("a*b*c", "a-c")] {
            assert!(!matches_exactly(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_name_without_a_letter_of_a_pattern_is_told_by_that_whatever_its_case() {
        let names = NameMask::new(["*KEY@1*"]);
        assert!(names.hides("aPi-kEy@1") && names.hides("KEY@1"));
        assert!(!names.hides("ke@1") && !names.hides("key`1") && !names.hides("KEY@2"));
    }

    #[test]
    fn a_hostile_name_takes_no_longer_than_any_other() {
        let names = NameMask::new(["*a*a*a*a*a*a*b"]);
        assert!(!names.hides(&"a".repeat(100_000)));
    }
}

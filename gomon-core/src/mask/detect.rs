//! Values that look secret by themselves, whatever their name is.

mod bearer;
mod card;
mod email;
mod jwt;

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;

use super::REDACTED;
use crate::event::value::Tree;

/// Finds values by what they look like, and masks them. None is looked for unless asked for:
/// what they find is a guess, and they read each text once more.
///
/// Wrappers apply those of [`Capture`](crate::Capture) to text that comes from outside: URLs,
/// headers, bodies, SQL text with its literals, bound values, rows, and messages of errors. What a
/// program sets by itself, [`mask`](Self::mask) is there for.
///
/// In a configuration it is a list of `"bearer"`, `"jwt"`, `"cards"` and `"emails"`.
///
/// ```
/// use gomon_core::mask::Detectors;
///
/// let detectors = Detectors::none().with_emails().with_cards();
/// let masked = detectors.mask("joe@example.com paid with 4111 1111 1111 1111");
/// assert_eq!(masked, "[redacted] paid with [redacted]");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Kind>")]
pub struct Detectors(u8);

impl Detectors {
    /// Nothing is looked for. The default.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// Everything is looked for.
    #[must_use]
    pub const fn all() -> Self {
        Self::none()
            .with_bearer()
            .with_jwt()
            .with_cards()
            .with_emails()
    }

    /// Also the credentials behind `Bearer` and `Basic` (RFC 6750, RFC 7617), of any length.
    #[must_use]
    pub const fn with_bearer(self) -> Self {
        self.with(Kind::Bearer)
    }

    /// Also JSON web tokens: base64url parts with dots between them, of which the first decodes to
    /// an object that names an `alg` (RFC 7515, RFC 7516). A second part is enough, as a token may
    /// have been cut.
    #[must_use]
    pub const fn with_jwt(self) -> Self {
        self.with(Kind::Jwt)
    }

    /// Also numbers of payment cards: 13 to 19 digits with single blanks or dashes between them, which
    /// begin as those of an issuer do and end with their check digit (ISO/IEC 7812).
    #[must_use]
    pub const fn with_cards(self) -> Self {
        self.with(Kind::Cards)
    }

    /// Also e-mail addresses, with `@` or `%40`, whose domain has a dot.
    #[must_use]
    pub const fn with_emails(self) -> Self {
        self.with(Kind::Emails)
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The text with `[redacted]` for what was found in it. The time grows with its length alone.
    #[must_use]
    pub fn mask(self, text: &str) -> Cow<'_, str> {
        if self.is_none() {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        let (mut at, mut copied) = (0, 0);
        while at < text.len() {
            let Some(found) = self.find(text.as_bytes(), at, copied) else {
                at += 1;
                continue;
            };
            out.push_str(text.get(copied..found.start).unwrap_or(""));
            out.push_str(REDACTED);
            (at, copied) = (found.end, found.end);
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(copied..).unwrap_or(""));
        Cow::Owned(out)
    }

    /// What of a text that was cut off may be masked and shown: all but its last word, which may be the
    /// beginning of anything, and but the digits before it, where cards are looked for. All of it where
    /// nothing is looked for.
    ///
    /// ```
    /// use gomon_core::mask::Detectors;
    ///
    /// let cards = Detectors::none().with_cards();
    /// assert_eq!(cards.uncut("paid with 4111 1111 11"), "paid with ");
    /// assert_eq!(Detectors::none().uncut("paid wi"), "paid wi");
    /// ```
    #[must_use]
    pub fn uncut(self, text: &str) -> &str {
        if self.is_none() {
            return text;
        }
        let mut shown = to_last_blank(text);
        while self.has(Kind::Cards) {
            let run = shown.trim_end_matches(card::is_part).len();
            let digits = shown.get(run..).unwrap_or("");
            let Some(first) = digits.find(|c: char| c.is_ascii_digit()) else {
                break;
            };
            shown = to_last_blank(shown.get(..run + first).unwrap_or(""));
        }
        shown
    }

    /// A value with all text in it masked, and whole numbers; the keys of maps stay.
    #[must_use]
    pub fn mask_tree(self, mut tree: Tree) -> Tree {
        if !self.is_none() {
            self.mask_within(&mut tree);
        }
        tree
    }

    fn mask_within(self, tree: &mut Tree) {
        let mut left = vec![tree];
        while let Some(tree) = left.pop() {
            let masked = match tree {
                Tree::Str(text) => self.masked(text),
                Tree::Bytes(bytes) => self.masked(&String::from_utf8_lossy(bytes)),
                Tree::I64(number) if self.has(Kind::Cards) => self.masked(&number.to_string()),
                Tree::U64(number) if self.has(Kind::Cards) => self.masked(&number.to_string()),
                Tree::List(items) => {
                    left.extend(items);
                    continue;
                }
                Tree::Map(entries) => {
                    left.extend(entries.iter_mut().map(|(_, item)| item));
                    continue;
                }
                _ => None,
            };
            if let Some(masked) = masked {
                *tree = Tree::from(masked);
            }
        }
    }

    /// The masked text, if anything was found.
    fn masked(self, text: &str) -> Option<String> {
        match self.mask(text) {
            Cow::Owned(masked) => Some(masked),
            Cow::Borrowed(_) => None,
        }
    }

    const fn with(self, kind: Kind) -> Self {
        Self(self.0 | kind.bit())
    }

    const fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// What is found at a byte. Nothing before `from` belongs to it.
    fn find(self, text: &[u8], at: usize, from: usize) -> Option<Range<usize>> {
        match text.get(at)? {
            b'b' | b'B' if self.has(Kind::Bearer) => bearer::find(text, at),
            b'e' if self.has(Kind::Jwt) => jwt::find(text, at),
            b'0'..=b'9' if self.has(Kind::Cards) => card::find(text, at),
            b'@' | b'%' if self.has(Kind::Emails) => email::find(text, at, from),
            _ => None,
        }
    }
}

impl From<Vec<Kind>> for Detectors {
    fn from(kinds: Vec<Kind>) -> Self {
        kinds.into_iter().fold(Self::none(), Self::with)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Bearer,
    Jwt,
    Cards,
    Emails,
}

impl Kind {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

fn to_last_blank(text: &str) -> &str {
    let blank = text.rfind(|c: char| c.is_ascii_whitespace());
    blank.and_then(|at| text.get(..=at)).unwrap_or("")
}

/// The byte before a place, if there is one.
fn before(text: &[u8], at: usize) -> Option<u8> {
    text.get(at.checked_sub(1)?).copied()
}

/// The length of the bytes from a place on that are all of a kind.
fn run(text: &[u8], at: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest.iter().position(|byte| !is_part(*byte));
    end.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_masked_unless_it_is_asked_for() {
        let text = "Bearer abc joe@example.com 4111111111111111 eyJhbGciOiJub25lIn0.e30.";
        assert!(matches!(Detectors::none().mask(text), Cow::Borrowed(_)));
        for (detectors, count) in [
            (Detectors::none().with_bearer(), 1),
            (Detectors::none().with_jwt(), 1),
            (Detectors::none().with_cards(), 1),
            (Detectors::none().with_emails(), 1),
            (Detectors::all(), 4),
        ] {
            let masked = detectors.mask(text);
            assert_eq!(masked.matches(REDACTED).count(), count, "{masked}");
            assert_eq!(detectors.mask(&masked), masked);
        }
    }

    #[test]
    fn all_text_of_a_value_is_masked_but_keys() {
        let tree = Tree::map()
            .with("a", Tree::from(vec!["joe@example.com", "x"]))
            .with("b", "Basic abc")
            .with("c", Tree::Bytes(b"\xffjoe@example.com".to_vec()))
            .with("d", 4_111_111_111_111_111_i64)
            .with("joe@example.com", 5_u64);
        let expected = Tree::map()
            .with("a", Tree::from(vec![REDACTED, "x"]))
            .with("b", "Basic [redacted]")
            .with("c", "[redacted]")
            .with("d", REDACTED)
            .with("joe@example.com", 5_u64);
        assert_eq!(Detectors::all().mask_tree(tree), expected);
    }

    #[test]
    fn the_end_of_a_cut_text_is_left_out_where_it_may_be_the_beginning_of_something() {
        for (text, shown) in [
            ("write to joe@exam", "write to "),
            ("Bearer abc", "Bearer "),
            ("Bearer abc d", "Bearer [redacted] "),
            ("1 2-b3 4111 1", ""),
            ("a-4111 1", ""),
            ("a b-", "a "),
            ("all of it ", "all of it "),
        ] {
            let masked = Detectors::all().mask(Detectors::all().uncut(text));
            assert_eq!(masked, shown);
            assert_eq!(Detectors::all().uncut(&masked), masked);
        }
    }

    #[test]
    fn a_configuration_names_them() {
        let read = |json| serde_json::from_str::<Detectors>(json);
        let named = Detectors::none().with_jwt().with_emails();
        assert_eq!(read(r#"["jwt", "emails"]"#).unwrap(), named);
        assert_eq!(read("[]").unwrap(), Detectors::none());
        let error = read(r#"["phones"]"#).unwrap_err().to_string();
        assert!(error.contains("unknown variant `phones`"), "{error}");
    }

    #[test]
    fn much_of_anything_is_read_once() {
        for piece in [
            "@", "a@", "a@b.", "%40", "4", "4 ", "4111 ", "eyJ", "eyJ.", "e.", "bearer ", "b", ".",
        ] {
            let text = piece.repeat((1 << 18) / piece.len());
            let masked = Detectors::all().mask(&text);
            assert_eq!(Detectors::all().mask(&masked), masked, "{piece}");
        }
    }
}

//! Texts with stars, as settings have them.

use std::fmt;

use crate::mask::names;

/// A text in which each `*` stands for any text. The whole is compared, without regard to ASCII case.
///
/// ```
/// use gomon_core::Pattern;
///
/// let users = Pattern::new("/users/*");
/// assert!(users.matches("/users/{id}") && users.matches("/Users/"));
/// assert!(!users.matches("/v1/users/{id}"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    lower_case: String,
}

impl Pattern {
    /// The pattern that is written so.
    #[must_use]
    pub fn new(written: impl Into<String>) -> Self {
        let written = written.into();
        Self {
            lower_case: written.to_ascii_lowercase(),
            written,
        }
    }

    /// Whether the text is like it. It takes at most the time of the product of both lengths.
    #[must_use]
    pub fn matches(&self, text: impl AsRef<[u8]>) -> bool {
        names::matches(self.lower_case.as_bytes(), text.as_ref())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl From<String> for Pattern {
    fn from(written: String) -> Self {
        Self::new(written)
    }
}

impl From<&str> for Pattern {
    fn from(written: &str) -> Self {
        Self::new(written)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Display;
use std::panic::Location;

use crate::event::bounded::bounded_text;
use crate::event::error_group;
use crate::event::limits::{self, Limit};
use crate::mask::Detectors;

/// One entry of an event's `error` list: `{"msg", "type", "location", "chain"}`.
///
/// ```
/// use gomon_core::ErrorInfo;
///
/// let cause = std::io::Error::other("disk on fire");
/// let info = ErrorInfo::new(&cause).kind("Io");
/// assert_eq!(info.msg(), "disk on fire");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ErrorInfo {
    pub(crate) msg: String,
    pub(crate) kind: Option<Cow<'static, str>>,
    pub(crate) location: Option<Cow<'static, str>>,
    pub(crate) chain: Vec<String>,
    /// Bytes and sources that were cut off.
    pub(crate) cut: u64,
    /// Its group, once it is an event's: the bus counts by it.
    pub(crate) grouped: String,
}

impl ErrorInfo {
    /// The error's message and those of its sources, the nearest first.
    ///
    /// At most 2 KiB of each message and 8 sources are kept, unless [`Limits`](crate::Limits) say otherwise. A `Display` that panics leaves the
    /// text it wrote before, and a `source` that panics has none.
    #[must_use]
    pub fn new(error: &(dyn Error + 'static)) -> Self {
        let mut info = Self::message(error);
        let mut source = source_of(error);
        let limits = limits::current();
        let (most, longest) = (limits.of(Limit::Chain), limits.of(Limit::MessageBytes));
        while let Some(cause) = source {
            if info.chain.len() == most {
                info.cut += 1;
                break;
            }
            let (text, cut) = bounded_text(cause, longest);
            info.chain.push(text);
            info.cut += cut;
            source = source_of(cause);
        }
        info
    }

    /// A message alone.
    #[must_use]
    pub fn message(message: impl Display) -> Self {
        let (msg, cut) = bounded_text(message, limits::current().of(Limit::MessageBytes));
        Self {
            msg,
            cut,
            ..Self::default()
        }
    }

    /// The error's type, or the variant a classifier gives it.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Where it was noticed.
    #[must_use]
    pub fn location(self, at: &Location<'_>) -> Self {
        self.location_str(format!("{}:{}", at.file(), at.line()))
    }

    /// Where it was noticed, as `file:line`.
    #[must_use]
    pub fn location_str(mut self, at: impl Into<Cow<'static, str>>) -> Self {
        self.location = Some(at.into());
        self
    }

    /// The key by which errors are grouped: the same for those of one type and place whose messages differ in
    /// nothing but numbers, ids and quoted values. It is made anew at each call.
    ///
    /// ```
    /// use gomon_core::ErrorInfo;
    ///
    /// let error = ErrorInfo::message("user 17 has no 'admin' role").kind("Denied");
    /// assert_eq!(error.group(), "Denied: user # has no ? role");
    /// ```
    #[must_use]
    pub fn group(&self) -> String {
        error_group::group(self.kind.as_deref(), &self.msg, self.location.as_deref())
    }

    /// What the detectors find in the messages is masked; of one that was cut, the last word is left
    /// out.
    ///
    /// ```
    /// use gomon_core::{ErrorInfo, mask::Detectors};
    ///
    /// let info = ErrorInfo::message("no user joe@example.com").masked(Detectors::all());
    /// assert_eq!(info.msg(), "no user [redacted]");
    /// ```
    #[must_use]
    pub fn masked(mut self, detectors: Detectors) -> Self {
        let longest = limits::current().of(Limit::MessageBytes);
        for text in std::iter::once(&mut self.msg).chain(&mut self.chain) {
            let whole = text.len() + LONGEST_CHARACTER <= longest;
            let shown = if whole {
                text.as_str()
            } else {
                detectors.uncut(text)
            };
            self.cut += (text.len() - shown.len()) as u64;
            let masked = detectors.mask(shown);
            if masked != *text {
                *text = masked.into_owned();
            }
        }
        self
    }

    /// The message.
    #[must_use]
    pub fn msg(&self) -> &str {
        &self.msg
    }

    pub(crate) fn bytes(&self) -> usize {
        let texts = [
            self.kind.as_deref(),
            self.location.as_deref(),
            Some(&self.msg),
        ];
        let texts = texts
            .into_iter()
            .flatten()
            .chain(self.chain.iter().map(String::as_str));
        texts.map(limits::json_len).sum::<usize>() + 60
    }
}

fn source_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| error.source()));
    asked.unwrap_or_else(|payload| {
        // It may panic again when it is dropped.
        std::mem::forget(payload);
        None
    })
}

/// Bytes of a character in UTF-8, at the most: a text that is shorter by so many was not cut.
const LONGEST_CHARACTER: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    const MESSAGE_BYTES: usize = 2 << 10;
    const CHAIN: usize = 8;

    #[test]
    fn detectors_see_the_message_and_its_causes() {
        let mut info = ErrorInfo::message("Bearer abc");
        info.chain = vec![
            "a@example.com".into(),
            format!("{} a@exam", "x".repeat(MESSAGE_BYTES - 7)),
        ];
        let masked = info.masked(Detectors::all());
        assert_eq!(masked.msg, "Bearer [redacted]");
        let (first, second) = (&masked.chain[0], &masked.chain[1]);
        assert_eq!(first, "[redacted]");
        assert_eq!(second.trim_end(), "x".repeat(MESSAGE_BYTES - 7));
    }

    #[derive(Debug)]
    struct Endless;
    impl Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }
    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }

    #[test]
    fn a_cycle_of_sources_ends_at_the_limit() {
        let info = ErrorInfo::new(&Endless);
        assert_eq!((info.chain.len(), info.cut), (CHAIN, 1));
    }
}

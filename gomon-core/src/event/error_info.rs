use std::borrow::Cow;
use std::error::Error;
use std::fmt::Display;
use std::panic::Location;

use crate::event::bounded::bounded_text;
use crate::event::error_group;
use crate::event::limits::{CHAIN, MESSAGE_BYTES};

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
    /// At most 2 KiB of each message and 8 sources are kept. A `Display` that panics leaves the
    /// text it wrote before, and a `source` that panics has none.
    #[must_use]
    pub fn new(error: &(dyn Error + 'static)) -> Self {
        let mut info = Self::message(error);
        let mut source = source_of(error);
        while let Some(cause) = source {
            if info.chain.len() == CHAIN {
                info.cut += 1;
                break;
            }
            let (text, cut) = bounded_text(cause, MESSAGE_BYTES);
            info.chain.push(text);
            info.cut += cut;
            source = source_of(cause);
        }
        info
    }

    /// A message alone.
    #[must_use]
    pub fn message(message: impl Display) -> Self {
        let (msg, cut) = bounded_text(message, MESSAGE_BYTES);
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
        texts.map(crate::event::limits::json_len).sum::<usize>() + 60
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

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

use std::time::Duration;

use crate::Result;

/// How long the loads are held, and so which figures mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Seconds, at a modest rate, on a machine that does other things too: shows that all of it works.
    Short,
    /// A minute or two each.
    Usual,
    /// As long as the promise says.
    Full,
}

impl Length {
    pub(crate) fn of(option: &str) -> Result<Self> {
        match option {
            "--short" => Ok(Self::Short),
            "--usual" => Ok(Self::Usual),
            "--full" => Ok(Self::Full),
            unknown => Err(format!("unknown option {unknown}: --short, --full").into()),
        }
    }

    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Short => "--short",
            Self::Usual => "--usual",
            Self::Full => "--full",
        }
    }

    /// One of three, by length.
    pub(crate) fn pick<T>(self, short: T, usual: T, full: T) -> T {
        match self {
            Self::Short => short,
            Self::Usual => usual,
            Self::Full => full,
        }
    }

    pub(crate) fn seconds(self, short: u64, usual: u64, full: u64) -> Duration {
        Duration::from_secs(self.pick(short, usual, full))
    }
}

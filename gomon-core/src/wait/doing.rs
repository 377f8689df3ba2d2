use std::fmt;
use std::panic::Location;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::{self, Stamp};
use crate::wait::kind::Kind;
use crate::wait::table::Longest;

/// What a unit of work that gomon polls is doing.
///
/// Shown, it is a half-sentence: `waits for lock at src/cart.rs:42`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Doing {
    /// What it is doing.
    pub activity: Activity,
    /// Since when, as far as gomon knows: a wait that outlasts a poll is as old as its first one.
    pub since: SystemTime,
    /// Where the wait began in the source, if it is one of gomon's own primitives.
    pub at: Option<&'static Location<'static>>,
}

/// The activities of [`Doing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// It is inside a poll.
    Running,
    /// It was woken, and is not polled yet.
    Ready,
    /// It waits. Of several waits this is the one that is open longest; `None` if gomon sees none.
    Waiting(Option<Kind>),
}

impl Doing {
    pub(crate) fn running(since: Stamp) -> Self {
        Self::new(Activity::Running, since)
    }

    pub(crate) fn ready(since: Stamp) -> Self {
        Self::new(Activity::Ready, since)
    }

    pub(crate) fn handed_over(since: Stamp) -> Self {
        Self::new(Activity::Waiting(Some(Kind::Client)), since)
    }

    pub(crate) fn unknown(since: Stamp) -> Self {
        Self::new(Activity::Waiting(None), since)
    }

    pub(crate) fn waiting(longest: Longest) -> Self {
        Self {
            at: longest.at,
            ..Self::new(Activity::Waiting(Some(longest.kind)), longest.since)
        }
    }

    fn new(activity: Activity, since: Stamp) -> Self {
        Self {
            activity,
            since: UNIX_EPOCH + Duration::from_nanos(clock::unix_nanos(since)),
            at: None,
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.activity {
            Activity::Running => f.write_str("runs")?,
            Activity::Ready => f.write_str("is woken and not polled")?,
            Activity::Waiting(Some(kind)) => write!(f, "waits for {}", kind.name())?,
            Activity::Waiting(None) => f.write_str("waits")?,
        }
        match self.at {
            Some(at) => write!(f, " at {}:{}", at.file(), at.line()),
            None => Ok(()),
        }
    }
}

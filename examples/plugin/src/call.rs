//! One call as an event, whichever way it ends.

use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::sync::atomic::Ordering;

use gomon::mask::REDACTED;
use gomon::probe::Raised;
use gomon::wait::{self, Kind};
use gomon::{Context, EndGuard, ErrorInfo, EventTracker, Outcome};

use crate::plain::Error;
use crate::shown::Shown;
use crate::{config, keys};

/// A call under way. Dropped, it was cancelled.
pub(crate) struct Call {
    guard: EndGuard,
    at: &'static Location<'static>,
    /// The gauge of calls in flight is one higher until this is dropped.
    raised: Option<Raised>,
}

impl Call {
    pub(crate) fn begin(shown: &Shown, at: &'static Location<'static>) -> Self {
        shown.calls.fetch_add(1, Ordering::Relaxed);
        let cause = Context::current();
        let mut tracker = EventTracker::in_context(keys::CALL, cause);
        tracker.orphan_unless_caused(cause);
        let guard = EndGuard::new(tracker);
        let mut call = Self {
            guard,
            at,
            raised: None,
        };
        call.raised = Some(shown.in_flight.raise());
        call
    }

    pub(crate) fn tracker(&mut self) -> &mut EventTracker {
        self.guard.tracker()
    }

    /// Polls what is wrapped to its end.
    pub(crate) async fn run<T>(&mut self, wrapped: impl Future<Output = T>) -> T {
        let guard: &mut EndGuard = &mut self.guard;
        let wrapped = wait::on(Kind::Net, wrapped);
        let wrapped = guard.scope(wrapped);
        wrapped.await
    }

    /// Ends the event with the result, which is given back as it is.
    pub(crate) fn end<T>(mut self, result: Result<T, Error>) -> Result<T, Error> {
        let at = self.at;
        let tracker = self.tracker();
        if tracker.elapsed() >= config::slow() {
            tracker.set(keys::SLOW, true);
        }
        if let Err(error) = &result {
            let info = ErrorInfo::new(error);
            let info = info.kind(variant(error));
            let info = info.location(at);
            tracker.push_error(info);
            tracker.mark(Outcome::Failed);
        }
        self.guard.finish(Outcome::Completed);
        result
    }
}

/// Records the value of a key, as far as that may be.
pub(crate) fn value(tracker: &mut EventTracker, key: &str, value: &[u8]) {
    if gomon::capture().bodies() == 0 {
        return;
    }
    let mut value = String::from_utf8_lossy(value);
    if gomon::capture().mask().hides(key) {
        value = Cow::Borrowed(REDACTED);
    }
    let kept = value.floor_char_boundary(config::value_bytes());
    tracker.set(keys::VALUE, &value[..kept]);
    if kept < value.len() {
        tracker.note_cut(keys::VALUE, (value.len() - kept) as u64);
    }
}

fn variant(error: &Error) -> &'static str {
    match error {
        Error::Io(_) => "Io",
        Error::Server(_) => "Server",
        Error::Key => "Key",
    }
}

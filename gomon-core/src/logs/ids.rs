use std::fmt::{self, Display};

use uuid::Uuid;

use crate::context::Context;
use crate::event::id::TraceId;

/// The ids of the event round the running code, for a line of a log: displayed, they are
/// `trace=… id=…`, and nothing where there is no event.
///
/// The same as [`current`](crate::current)`().log_ids()`. It costs a look at a thread-local, and
/// works in the format closure of any logger that formats on the thread that logs.
///
/// ```
/// use gomon_core::log_ids;
///
/// // env_logger::builder().format(|out, record| writeln!(out, "{} {}", log_ids(), record.args()))
/// println!("{} paid", log_ids());
/// # assert_eq!(log_ids().to_string(), "");
/// ```
#[must_use]
pub fn log_ids() -> LogIds {
    Context::current().log_ids()
}

/// The ids that a line of a log shares with an event; returned by [`log_ids`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogIds {
    ids: Option<(TraceId, Uuid)>,
}

impl LogIds {
    /// The trace: `gomon:trace` of the event.
    #[must_use]
    pub fn trace(&self) -> Option<TraceId> {
        self.ids.map(|(trace, _)| trace)
    }

    /// The event's `id`.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        self.ids.map(|(_, id)| id)
    }
}

impl Context {
    /// The ids of the event it stands for, to be shown in a line of a log.
    ///
    /// ```
    /// use gomon_core::testing::Recorder;
    /// use gomon_core::{EventTracker, current};
    ///
    /// let recorder = Recorder::new();
    /// let line = recorder.run(|| EventTracker::new("pay").enter(|| current().log_ids().to_string()));
    /// let pay = recorder.one("pay");
    /// assert_eq!(line, format!("trace={} id={}", pay["gomon:trace"].as_str().unwrap(), pay.id()));
    /// ```
    #[must_use]
    pub fn log_ids(&self) -> LogIds {
        LogIds {
            ids: self.trace_id().zip(self.event_id()),
        }
    }
}

impl Display for LogIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ids {
            Some((trace, id)) => write!(f, "trace={trace} id={id}"),
            None => Ok(()),
        }
    }
}

/// For a record of slog's: `trace` and `id`, or nothing. `o!(gomon::log_ids())` would keep those of the
/// moment; a [`GomonDrain`](crate::logs::GomonDrain) adds those of each record.
#[cfg(feature = "slog")]
impl slog::KV for LogIds {
    fn serialize(
        &self,
        _record: &slog::Record<'_>,
        serializer: &mut dyn slog::Serializer,
    ) -> slog::Result {
        if let Some((trace, id)) = self.ids {
            serializer.emit_arguments(key("trace"), &format_args!("{trace}"))?;
            serializer.emit_arguments(key("id"), &format_args!("{id}"))?;
        }
        Ok(())
    }
}

#[cfg(feature = "slog")]
#[allow(
    clippy::useless_conversion,
    reason = "slog's feature `dynamic-keys` makes keys a type of their own"
)]
fn key(name: &'static str) -> slog::Key {
    name.into()
}

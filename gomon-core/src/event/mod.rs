pub(crate) mod attribute;
pub(crate) mod batch;
pub(crate) mod bounded;
pub(crate) mod error_group;
pub(crate) mod error_info;
pub(crate) mod flags;
pub(crate) mod handed;
pub(crate) mod id;
pub(crate) mod json;
pub(crate) mod limits;
pub(crate) mod outcome;
pub(crate) mod packed;
pub(crate) mod progress;
mod rare;
pub(crate) mod record;
mod serialize;
pub(crate) mod shape;
pub(crate) mod value;

use std::time::Duration;

use uuid::Uuid;

use crate::application::{self, Application};
use crate::clock;
use crate::event::error_info::ErrorInfo;
use crate::event::flags::Flags;
use crate::event::id::TraceId;
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::ValueRef;

/// What a listener is given: one opening or closing event, ready to be read.
///
/// The contract of its keys is docs/events.md. An event is never changed once it is sent; it is
/// shared by all listeners.
#[derive(Debug)]
pub struct Event {
    pub(crate) record: Box<Record>,
    /// The record's own, where it is at hand: many listeners ask for no more of most events, and the record is far
    /// away.
    pub(crate) fp: &'static str,
    /// How many events it stands for under sampling; 0 where nothing was sampled.
    pub(crate) weight: f64,
}

impl Event {
    #[inline]
    pub(crate) fn new(record: Box<Record>) -> Self {
        let fp = record.fp;
        Self {
            record,
            fp,
            weight: 0.0,
        }
    }

    /// An event that did not come from a ring.
    pub(crate) fn settled(mut record: Box<Record>) -> Self {
        record.settle_alone();
        Self::new(record)
    }

    /// The fingerprint: what kind of thing happened.
    #[must_use]
    pub fn fp(&self) -> &'static str {
        self.fp
    }

    /// The event's id. Its opening and closing events share it.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.record.trace.event_id(self.record.span)
    }

    /// The parent's id; only the application event has none.
    #[must_use]
    pub fn parent(&self) -> Option<Uuid> {
        if self.record.flags.has(Flags::APPLICATION) {
            return None;
        }
        match self.record.parent() {
            Some(span) => Some(self.record.trace.event_id(span)),
            None => application::with(self.record.run, Application::id),
        }
    }

    /// The W3C trace id.
    #[must_use]
    pub fn trace(&self) -> TraceId {
        self.record.trace
    }

    /// When it started: Unix time in nanoseconds.
    #[must_use]
    pub fn start_unix_ns(&self) -> u64 {
        clock::unix_nanos(self.record.start)
    }

    /// From start to finish; `None` for an opening event.
    #[must_use]
    pub fn lapsed(&self) -> Option<Duration> {
        let nanos = clock::nanos_between(self.record.start, self.record.end);
        (!self.is_opening()).then(|| Duration::from_nanos(nanos))
    }

    /// How it ended; `None` for an opening event.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        (!self.is_opening()).then_some(self.record.outcome)
    }

    /// Whether this is the opening event of something that lives on.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.record.flags.has(Flags::OPENING)
    }

    /// Whether it is marked as an event that had no cause where it always has one.
    #[must_use]
    pub fn is_orphan(&self) -> bool {
        self.record.flags.has(Flags::ORPHAN)
    }

    /// Whether it is the first event of its trace in this process: the root of a request, a job, a
    /// segment tree. Its trace has ended here when it has.
    #[must_use]
    pub fn is_local_root(&self) -> bool {
        self.record.flags.has(Flags::LOCAL_ROOT)
    }

    /// Whether its caller, in another process, says that it records the trace; false unless such
    /// callers are trusted ([`Propagation::trust_sampling`](crate::Propagation::trust_sampling)).
    #[must_use]
    pub fn is_caller_sampled(&self) -> bool {
        self.record.flags.has(Flags::CALLER_SAMPLED)
    }

    /// Whether it came from `tracing`.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_of_tracing(&self) -> bool {
        self.record.flags.has(Flags::OF_TRACING)
    }

    /// How many events it stands for; `None` where nothing was sampled. Sums of it are unbiased.
    #[must_use]
    pub fn weight(&self) -> Option<f64> {
        Some(self.weight).filter(|weight| *weight > 0.0)
    }

    /// The attribute of that name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        self.record.get(key)
    }

    /// All attributes, in the order in which they were first set.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, ValueRef<'_>)> {
        self.record.attributes()
    }

    /// The errors noted on it.
    #[must_use]
    pub fn errors(&self) -> &[ErrorInfo] {
        self.record.errors()
    }

    /// Appends the event to `out` as one JSON object, without a newline.
    pub fn write_json(&self, out: &mut String) {
        let write = |application: &Application| {
            json::write_event(out, &self.record, self.weight, application)
        };
        let _ = application::with(self.record.run, write);
    }

    /// The event as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// A copy that is not shared yet.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            record: Box::new(self.record.duplicate()),
            ..*self
        }
    }
}

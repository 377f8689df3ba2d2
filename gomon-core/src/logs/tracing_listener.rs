use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tracing::{Dispatch, Span, dispatcher};

use super::emitted::Emitted;
use crate::bus::listener::{Listener, ListenerError};
use crate::event::Event;
use crate::event::id::TraceId;

/// Emits gomon's events as spans of `tracing`, for those who keep the stack they have.
///
/// The spans of a trace are emitted when its first event, the request or the job, has ended: nested as the
/// events are, and one after the other on the listener's thread. So `tracing` measures nothing; when an event
/// really began is in the field `start` (Unix time, ns), how long it took in `lapsed` (ns).
///
/// The target is `gomon`, the name `event`. Fields: `otel.name` and `fp`, the fingerprint; `otel.kind`;
/// `otel.status_code`, `ERROR` from `failed` on; `id`, `parent`, `trace`, `outcome`; and `json`, all of it. An
/// event `log` is an event of `tracing`, of its level.
///
/// What came from `tracing` by a [`GomonLayer`](super::GomonLayer) is left out: its own subscriber
/// has seen it. What is emitted here is not taken by that layer again.
///
/// At most 256 events of a trace and 16 MiB in all wait for the end of theirs; what waits longer, and what comes
/// after it, is emitted without its parent, whose id it has. A [flush](crate::flush) emits all that
/// waits.
///
/// ```
/// use gomon_core::logs::TracingListener;
///
/// let gomon = gomon_core::builder().listener(TracingListener::new()).start()?;
/// # drop(gomon);
/// # Ok::<(), gomon_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct TracingListener {
    /// `None` is the one of the process.
    dispatch: Option<Dispatch>,
    held: HashMap<TraceId, Vec<Emitted>>,
    /// The traces of `held`, the oldest first; some are gone.
    order: VecDeque<TraceId>,
    bytes: usize,
}

impl TracingListener {
    /// Emits to the subscriber of the process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Emits to that subscriber instead.
    #[must_use]
    pub fn to(subscriber: impl Into<Dispatch>) -> Self {
        Self {
            dispatch: Some(subscriber.into()),
            ..Self::default()
        }
    }

    fn hold(&mut self, trace: TraceId, event: Emitted) {
        self.bytes += event.bytes();
        let held = self.held.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            Vec::new()
        });
        held.push(event);
        if held.len() >= MOST_OF_A_TRACE {
            self.emit(trace);
        }
        while self.bytes > MOST_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            self.emit(oldest);
        }
    }

    fn emit(&mut self, trace: TraceId) {
        let Some(events) = self.held.remove(&trace) else {
            return;
        };
        self.bytes -= events.iter().map(Emitted::bytes).sum::<usize>();
        match &self.dispatch {
            Some(dispatch) => dispatcher::with_default(dispatch, || emit_nested(events)),
            None => emit_nested(events),
        }
        // Most traces end in the order in which they began.
        while let Some(first) = self.order.front()
            && !self.held.contains_key(first)
        {
            self.order.pop_front();
        }
        if self.order.len() > 2 * self.held.len() + MOST_OF_A_TRACE {
            self.order.retain(|trace| self.held.contains_key(trace));
        }
    }
}

impl Listener for TracingListener {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        if event.is_opening() || event.is_of_tracing() {
            // The root is known to have ended, whoever shows it.
            if !event.is_opening() && event.is_local_root() {
                self.emit(event.trace());
            }
            return Ok(());
        }
        self.hold(event.trace(), Emitted::new(event));
        if event.is_local_root() || event.parent().is_none() {
            self.emit(event.trace());
        }
        Ok(())
    }

    fn flush(&mut self, _deadline: Duration) -> Result<(), ListenerError> {
        while let Some(trace) = self.order.pop_front() {
            self.emit(trace);
        }
        Ok(())
    }
}

/// A child begins after its parent, and if at the same time, takes no longer.
fn emit_nested(mut events: Vec<Emitted>) {
    events.sort_by_key(|event| (event.start, u64::MAX - event.lapsed));
    let mut spans = HashMap::with_capacity(events.len());
    let none = Span::none();
    for event in &events {
        let parent = event.parent.and_then(|parent| spans.get(&parent));
        let span = event.emit(parent.unwrap_or(&none));
        spans.insert(event.id, span);
    }
}

/// Events of one trace that wait for its end.
const MOST_OF_A_TRACE: usize = 256;
/// Bytes of all that waits.
const MOST_BYTES: usize = 16 << 20;

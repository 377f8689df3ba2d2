use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Metadata;
use tracing_subscriber::registry::{LookupSpan, SpanRef};
use uuid::Uuid;

use crate::clock::{self, Stamp};
use crate::context::Context;
use crate::event::error_info::ErrorInfo;
use crate::event::outcome::Outcome;
use crate::event::value::{Tree, Value};
use crate::keys::BUSY;
use crate::logs::line::keys::{FOLLOWS_FROM, TARGET};
use crate::tracker::EventTracker;

/// What makes the event of a span one that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    ByErrorEvents,
    ByFieldsAlone,
}

/// The event of a span, kept with the span; for one that is left out, what it hands on.
#[derive(Debug)]
pub(super) struct SpanEvent {
    tracker: EventTracker,
    context: Context,
    follows: Vec<Tree>,
    follows_cut: u64,
    /// For how long it was entered, in nanoseconds, and how often.
    busy: AtomicU64,
    times: AtomicU64,
    /// When it was left last; 0 if it never was.
    left: AtomicU64,
}

impl SpanEvent {
    pub(super) fn new(tracker: EventTracker, parent: Context) -> Self {
        // Without an id it is not even the root of what is sampled out.
        let context = match tracker.id() {
            Some(_) => tracker.context(),
            None => parent,
        };
        Self {
            tracker,
            context,
            follows: Vec::new(),
            follows_cut: 0,
            busy: AtomicU64::new(0),
            times: AtomicU64::new(0),
            left: AtomicU64::new(0),
        }
    }

    pub(super) fn is_recording(&self) -> bool {
        self.tracker.is_recording()
    }

    pub(super) fn tracker(&mut self) -> &mut EventTracker {
        &mut self.tracker
    }

    /// What its children are children of.
    pub(super) fn context(&self) -> Context {
        self.context
    }

    /// What is current while it is entered. A span that is no event hands its parent on to another
    /// task or thread, but takes nobody's place.
    pub(super) fn context_inside(&self, current: Context) -> Context {
        if self.tracker.id().is_some() || current.is_application() {
            self.context.or_current()
        } else {
            current
        }
    }

    /// It was entered since then, and now no more.
    pub(super) fn left(&self, since: Stamp) {
        let now = clock::now();
        let busy = clock::nanos_between(since, now);
        self.busy.fetch_add(busy, Ordering::Relaxed);
        self.times.fetch_add(1, Ordering::Relaxed);
        self.left.fetch_max(now, Ordering::Relaxed);
    }

    pub(super) fn follow(&mut self, id: Uuid) {
        if self.follows.len() < MOST_FOLLOWED {
            self.follows.push(Tree::from(id));
        } else {
            self.follows_cut += 1;
        }
    }

    /// Nobody holds the span any more.
    pub(super) fn finish(mut self) {
        if !self.tracker.is_recording() {
            return;
        }
        if !self.follows.is_empty() {
            self.tracker
                .set(FOLLOWS_FROM, Value::Tree(Tree::List(self.follows)))
                .note_cut(FOLLOWS_FROM, self.follows_cut);
        }
        if self.times.into_inner() > 1 {
            self.tracker.set(BUSY, self.busy.into_inner());
        }
        match self.left.into_inner() {
            0 => self.tracker.finish(),
            left => self.tracker.finish_at(left),
        }
    }
}

/// What the event of every span says.
pub(super) fn describe(tracker: &mut EventTracker, metadata: &'static Metadata<'static>) {
    tracker.note_of_tracing();
    tracker.set(TARGET, Value::Static(metadata.target()));
}

/// Notes an error on the innermost span that is an event, if it is that which the error came about in.
pub(super) fn fail_innermost<'a, R>(span: &SpanRef<'a, R>, context: Context, error: ErrorInfo)
where
    R: LookupSpan<'a>,
{
    for span in span.scope() {
        if let Some(event) = span.extensions_mut().get_mut::<SpanEvent>()
            && event.is_recording()
        {
            if event.context.event_id() == context.event_id() {
                event.tracker.push_error(error).mark(Outcome::Failed);
            }
            return;
        }
    }
}

/// Events that one is said to follow.
const MOST_FOLLOWED: usize = 32;

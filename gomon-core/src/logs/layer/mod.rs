//! The bridge from `tracing`.

mod changes;
mod entered;
mod said;
mod span;

use std::borrow::Cow;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as Within;
use tracing_subscriber::registry::LookupSpan;

use super::emitted;
use super::line::bound::Bound;
use super::line::severity::Severity;
use super::line::{Line, Settings, is_on, is_recorded};
use crate::context::Context;
use crate::tracker::EventTracker;
use changes::{Changes, Visitor};
use entered::Entered;
use said::Said;
use span::{Failing, SpanEvent};

/// The bridge from `tracing`: spans become events with children, and what is said in them events `log`.
///
/// It can be all that a program written against `tracing` adds, and it mixes with gomon's own
/// wrappers: a span is a child of what is current where it is made, and current itself while it is
/// entered.
///
/// ```
/// use gomon_core::logs::GomonLayer;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry().with(GomonLayer::new());
/// # let _guard = tracing::subscriber::set_default(subscriber);
/// # /*
/// tracing::subscriber::set_global_default(subscriber)?;
/// # */
/// let import = tracing::info_span!("import", rows = 3);
/// import.in_scope(|| tracing::info!(skipped = 1, "half of it"));
/// ```
///
/// # When does its event start and end?
///
/// - It starts when the span is made, as a child of the parent the span names, else of the
///   current context. The span's name is the fingerprint.
/// - It ends when the span was left last: a span that others still hold, a detached task's say, is sent
///   when these let go of it, with its own end. One that was never entered ends when it is dropped.
/// - It has `panicked` if a panic drops it. It has `failed` if an event of the level `ERROR` is in it, if a
///   field `error` is set or `otel.status_code` is `ERROR`. Else it is `completed`, also where its future was
///   dropped before it was ready: a span does not know.
///
/// # What is in it?
///
/// - Its fields, those recorded later too: numbers, booleans and text as such, all else as its `Debug` says.
///   Values whose name looks secret are masked. A field `error`, and whatever is a `dyn Error`, is an error
///   of the event, with its sources.
/// - `target`; `busy` if it was entered more than once: for how long (ns) it was, in all; `follows-from`: the ids of
///   the events it was said to follow.
///
/// An event of `tracing` becomes a `log`, a child of the span it is in; see [`logs`](crate::logs). One
/// of the level `ERROR` is also noted on that span: its `error`, else its message.
///
/// # What is left out?
///
/// - Spans and events past the level, [`INFO`](LevelFilter::INFO) unless it is set. A span that is left out
///   hands its parent on to what is inside. The layer disables nothing for the layers beside it; to spare the
///   program what nobody takes, put a filter in front, as `GomonLayer::new().with_filter(LevelFilter::INFO)`.
/// - The target `gomon`, which is gomon's own.
///
/// Costs: a tracker for each span, a lookup in the registry and a clock read each time it is entered or left.
#[derive(Debug)]
#[must_use = "a layer does nothing until it is part of a subscriber"]
pub struct GomonLayer {
    settings: Settings,
    failing: Failing,
    /// Tells its spans from those of another subscriber on the same thread.
    number: u64,
}

impl GomonLayer {
    /// A layer that takes what is serious at least as `INFO`.
    pub fn new() -> Self {
        Self {
            settings: Settings::default(),
            failing: Failing::ByErrorEvents,
            number: entered::next_number(),
        }
    }

    /// The least serious level of spans and events that are recorded. Default:
    /// [`LevelFilter::INFO`].
    pub fn max_level(mut self, level: LevelFilter) -> Self {
        self.settings.filter.set(severity_of(level));
        self
    }

    /// The same for one target and what is in it; of several that match, the longest counts.
    ///
    /// ```
    /// use gomon_core::logs::GomonLayer;
    /// use tracing::level_filters::LevelFilter;
    ///
    /// let layer = GomonLayer::new().target_level("tower_http", LevelFilter::DEBUG);
    /// ```
    pub fn target_level(
        mut self,
        target: impl Into<Cow<'static, str>>,
        level: LevelFilter,
    ) -> Self {
        let severity = severity_of(level);
        self.settings.filter.set_target(target.into(), severity);
        self
    }

    /// How many events `log` are recorded in a second, over all threads; what is more counts as
    /// dropped. Spans are not bounded by it. Default: 10,000.
    pub fn max_per_second(mut self, lines: u32) -> Self {
        self.settings.bound = Bound::per_second(lines);
        self
    }

    /// Events of the level `ERROR` are logged, and say nothing about the span they are in.
    /// Default: it has failed.
    pub fn keep_outcomes(mut self) -> Self {
        self.failing = Failing::ByFieldsAlone;
        self
    }

    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        let severity = severity_of(*metadata.level());
        self.settings.filter.passes(severity, metadata.target())
    }
}

impl Default for GomonLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for GomonLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, within: Within<'_, S>) {
        let metadata = attributes.metadata();
        if is_own(metadata) || !is_on() {
            return;
        }
        let parent = match attributes.parent() {
            Some(parent) => context_of(parent, &within),
            None if attributes.is_root() => Context::application(),
            None => Context::current(),
        };
        let mut tracker = if self.takes(metadata) {
            EventTracker::in_context(metadata.name(), parent)
        } else {
            EventTracker::empty()
        };
        if tracker.is_recording() {
            span::describe(&mut tracker, metadata);
            attributes.record(&mut Visitor::new(&mut tracker));
        }
        if let Some(span) = within.span(id) {
            let event = SpanEvent::new(tracker, parent);
            span.extensions_mut().replace(event);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, within: Within<'_, S>) {
        let Some(span) = within.span(id) else {
            return;
        };
        let recording = span
            .extensions()
            .get::<SpanEvent>()
            .is_some_and(SpanEvent::is_recording);
        if !recording || !is_on() {
            return;
        }
        // The values' own code runs before the lock is held.
        let mut changes = Changes::default();
        values.record(&mut Visitor::new(&mut changes));
        if let Some(event) = span.extensions_mut().get_mut::<SpanEvent>() {
            changes.apply(event.tracker());
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, within: Within<'_, S>) {
        let followed = context_of(follows, &within).event_id();
        if let (Some(span), Some(followed)) = (within.span(id), followed)
            && let Some(event) = span.extensions_mut().get_mut::<SpanEvent>()
        {
            event.follow(followed);
        }
    }

    fn on_event(&self, event: &Event<'_>, within: Within<'_, S>) {
        let metadata = event.metadata();
        let context = match event.parent() {
            Some(parent) => context_of(parent, &within),
            None if event.is_root() => Context::application(),
            None => Context::current(),
        };
        if is_own(metadata) || !is_recorded(context) {
            return;
        }
        let severity = severity_of(*metadata.level());
        let line = Line::begin(&self.settings, context, severity, metadata.target());
        let fails = severity <= Severity::ERROR
            && self.failing == Failing::ByErrorEvents
            && self.takes(metadata);
        if line.is_none() && !fails {
            return;
        }
        let mut said = Said::new(line.map(Line::of_tracing), fails);
        event.record(&mut said);
        if let Some(error) = said.finish(metadata)
            && let Some(span) = within.event_span(event)
        {
            span::fail_innermost(&span, context, error);
        }
    }

    fn on_enter(&self, id: &Id, within: Within<'_, S>) {
        if let Some(span) = within.span(id)
            && let Some(event) = span.extensions().get::<SpanEvent>()
        {
            entered::enter(Entered::new(self.number, id, event));
        }
    }

    fn on_exit(&self, id: &Id, within: Within<'_, S>) {
        if let Some(since) = entered::exit(self.number, id)
            && let Some(span) = within.span(id)
            && let Some(event) = span.extensions().get::<SpanEvent>()
        {
            event.left(since);
        }
    }

    fn on_close(&self, id: Id, within: Within<'_, S>) {
        let event = within
            .span(&id)
            .and_then(|span| span.extensions_mut().remove::<SpanEvent>());
        if let Some(event) = event {
            event.finish();
        }
    }
}

/// What a child of that span is a child of.
fn context_of<S>(id: &Id, within: &Within<'_, S>) -> Context
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let known = within.span(id).and_then(|span| {
        let extensions = span.extensions();
        extensions.get::<SpanEvent>().map(SpanEvent::context)
    });
    // A filter in front has left that span out.
    known.unwrap_or_else(Context::current)
}

fn is_own(metadata: &Metadata<'_>) -> bool {
    metadata.target() == emitted::TARGET
}

fn severity_of(level: impl Into<LevelFilter>) -> Severity {
    match level.into().into_level() {
        None => Severity::OFF,
        Some(Level::ERROR) => Severity::ERROR,
        Some(Level::WARN) => Severity::WARN,
        Some(Level::INFO) => Severity::INFO,
        Some(Level::DEBUG) => Severity::DEBUG,
        Some(Level::TRACE) => Severity::TRACE,
    }
}

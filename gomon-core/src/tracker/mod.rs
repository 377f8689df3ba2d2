pub(crate) mod backtrace;
pub(crate) mod cut_short;
pub(crate) mod end_guard;
pub(crate) mod head;
pub(crate) mod open;
pub(crate) mod panics;
mod profile;
mod registered;
pub(crate) mod stopwatch;
mod switched;
pub(crate) mod work;

use std::borrow::Cow;
use std::cell::RefCell;
use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::panic::Location;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::bus::link;
use crate::clock::{self, Source, Stamp};
use crate::context::future::Scope;
use crate::context::{Context, Entered, Origin};
use crate::event::error_info::ErrorInfo;
use crate::event::flags::Flags;
use crate::event::id::SpanId;
use crate::event::outcome::Outcome;
use crate::event::packed::MapWriter;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::state;
use crate::tracker::stopwatch::Stopwatch;
use crate::wait::unit::Unit;

/// An event in the making: it starts when the tracker is created and is sent, exactly once, when
/// the tracker is finished or dropped.
///
/// A tracker is a child of the current [`Context`] and does not itself become current: use
/// [`enter`](Self::enter) or [`scope`](Self::scope) for that. While gomon is not running or is
/// disabled a tracker is empty, and everything done to it does nothing.
///
/// ```
/// use gomon_core::EventTracker;
///
/// fn import(rows: &[&str]) {
///     let mut tracker = EventTracker::new("import");
///     tracker.set("rows", rows.len());
///     tracker.enter(|| {
///         let _parse = EventTracker::new("parse"); // a child of "import"
///     });
/// } // "import" ends here
/// # import(&["a"]);
/// ```
///
/// Dropped while the thread unwinds, an event that began before the panic ends as
/// [`Outcome::Panicked`]. Any other drop ends it as what was [marked](Self::mark),
/// [`Outcome::Completed`] by default, also where a future is dropped before it is ready: an
/// [`EndGuard`](crate::EndGuard) and [`monitored`](crate::FutureExt::monitored) know a cancelled one.
#[derive(Debug)]
#[must_use = "an event ends when its tracker is dropped"]
pub struct EventTracker {
    record: Option<Box<Record>>,
    /// The root of its trace was sampled out: it is counted, and so are its children. If it is that
    /// root, its record stands for the ids, unless its opening event is sent.
    sampled_out: bool,
}

impl EventTracker {
    /// Starts an event as a child of the current context, else of the application.
    #[inline(always)]
    pub fn new(fp: &'static str) -> Self {
        let now = state::load();
        if !now.is_on() {
            return Self::empty();
        }
        open::open(fp, Context::current(), now)
    }

    /// Starts an event as a child of a given context.
    #[inline(always)]
    pub fn in_context(fp: &'static str, parent: Context) -> Self {
        let now = state::load();
        if !now.is_on() {
            return Self::empty();
        }
        open::open(fp, parent, now)
    }

    /// Starts an event as a child of this one; an empty tracker has empty children.
    #[inline(always)]
    pub fn child(&self, fp: &'static str) -> Self {
        if self.is_empty() {
            return Self::empty();
        }
        let now = state::load();
        match &self.record {
            _ if !now.is_on() => Self::empty(),
            Some(record) if !self.sampled_out => open::open_child(fp, record, now),
            _ => open::sampled_out(),
        }
    }

    pub(crate) fn of(record: Box<Record>) -> Self {
        Self {
            record: Some(record),
            sampled_out: false,
        }
    }

    /// Stands for what is not recorded; with a record, if it is the root.
    pub(crate) const fn sampled_out(root: Option<Box<Record>>) -> Self {
        Self {
            record: root,
            sampled_out: true,
        }
    }

    /// A tracker that records nothing.
    #[inline]
    pub const fn empty() -> Self {
        Self {
            record: None,
            sampled_out: false,
        }
    }

    /// Whether it neither records anything nor stands for what is sampled out.
    #[inline]
    fn is_empty(&self) -> bool {
        state::OFF || (self.record.is_none() && !self.sampled_out)
    }

    /// Whether there is an event; if not, skip what is expensive to find out.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.recorded().is_some()
    }

    fn recorded(&self) -> Option<&Record> {
        self.record.as_deref().filter(|_| !self.sampled_out)
    }

    /// The context for children elsewhere, and for a `traceparent` header.
    #[must_use]
    pub fn context(&self) -> Context {
        match &self.record {
            Some(record) => record.context(),
            None if self.sampled_out => Context::current().or_sampled_out(),
            None => Context::current(),
        }
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        self.record
            .as_ref()
            .map(|record| record.trace.event_id(record.span))
    }

    /// Sets an attribute. A key set twice keeps the last value.
    ///
    /// What is past the limits of docs/events.md is cut and counted in `gomon:dropped`.
    #[inline(always)]
    pub fn set<'a>(&mut self, key: &'static str, value: impl Into<Value<'a>>) -> &mut Self {
        // The conversion costs nothing, and what is dropped by its kind costs no call.
        let value = value.into();
        match &mut self.record {
            Some(record) if !state::OFF => record.set(key, value),
            _ => value.discard(),
        }
        self
    }

    /// Sets an attribute that is a map, as [`set`](Self::set) does with a [`Tree`](crate::Tree), but without a value on the way: what
    /// `write` is told goes into the event at once, and in the usual case nothing is allocated. Where there is no event, `write` is not
    /// called.
    ///
    /// ```
    /// use gomon_core::EventTracker;
    ///
    /// let mut tracker = EventTracker::new("fetch");
    /// tracker.set_map("headers", |headers| {
    ///     headers.list("accept", |values| values.text("text/html"));
    /// });
    /// ```
    #[inline]
    pub fn set_map(
        &mut self,
        key: &'static str,
        write: impl FnOnce(&mut MapWriter<'_>),
    ) -> &mut Self {
        if let Some(record) = &mut self.record
            && !state::OFF
        {
            record.set_map(key, write);
        }
        self
    }

    /// Counts bytes or entries that the caller cut off itself: `gomon:dropped`.
    pub fn note_cut(&mut self, key: impl Into<Cow<'static, str>>, amount: u64) -> &mut Self {
        if let Some(record) = &mut self.record {
            record.note_cut(key.into(), amount);
        }
        self
    }

    /// Notes an error with its sources and the caller's location; the event has failed.
    #[track_caller]
    pub fn add_error(&mut self, error: &(dyn Error + 'static)) -> &mut Self {
        let at = Location::caller();
        if self.is_recording() {
            self.push_error(ErrorInfo::new(error).location(at))
                .mark(Outcome::Failed);
        }
        self
    }

    /// Notes an error that is only a text; the event has failed.
    #[track_caller]
    pub fn add_error_msg(&mut self, message: impl Display) -> &mut Self {
        let at = Location::caller();
        if self.is_recording() {
            self.push_error(ErrorInfo::message(message).location(at))
                .mark(Outcome::Failed);
        }
        self
    }

    /// Notes an error without judging the event.
    pub fn push_error(&mut self, error: ErrorInfo) -> &mut Self {
        if let Some(record) = &mut self.record {
            record.push_error(error);
        }
        self
    }

    /// Raises the outcome: a stronger one is never replaced by a weaker.
    pub fn mark(&mut self, outcome: Outcome) -> &mut Self {
        if let Some(record) = &mut self.record {
            record.mark(outcome);
        }
        self
    }

    /// What the event would end with now.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.record
            .as_ref()
            .map_or(Outcome::Completed, |record| record.outcome)
    }

    /// The time since it started; zero for an empty tracker, and where the trace is sampled out at
    /// its head.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let nanos = self
            .recorded()
            .map(|record| clock::nanos_between(record.start, self.clock().now()));
        Duration::from_nanos(nanos.unwrap_or(0))
    }

    /// Moves the start back, for a thing that gomon is told of when it is over: at the most to the start of its parent, where that is
    /// the event that is entered on this thread, and to that of the process. To be called at once, before the event has children or is
    /// registered.
    ///
    /// ```
    /// use gomon_core::EventTracker;
    /// use std::time::Duration;
    ///
    /// fn on_done(took: Duration) {
    ///     EventTracker::new("import").backdate(took);
    /// }
    /// # on_done(Duration::ZERO);
    /// ```
    pub fn backdate(&mut self, by: Duration) -> &mut Self {
        if self.is_recording()
            && let Some(record) = &mut self.record
        {
            let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
            let floor = record.parent().and_then(start_of_entered).unwrap_or(0);
            record.start = clock::earlier(record.start, nanos).max(floor);
        }
        self
    }

    /// Its time for those who do not hold the tracker. That of an empty tracker starts now.
    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        let source = self.clock();
        let start = self.start_stamp().unwrap_or_else(|| source.now());
        Stopwatch::new(start, source)
    }

    /// When it started, as its JSON will say; nothing for an empty tracker, and where the trace is sampled out at its head.
    #[must_use]
    pub fn started(&self) -> Option<SystemTime> {
        let start = self.start_stamp()?;
        Some(UNIX_EPOCH + Duration::from_nanos(clock::unix_nanos(start)))
    }

    /// Marks an event of a kind that always has a cause as one that had none.
    pub fn orphan(&mut self) -> &mut Self {
        if let Some(record) = &mut self.record {
            record.flags.add(Flags::ORPHAN);
        }
        self
    }

    /// Marks an event of a kind that always has a cause (a statement, an outgoing call, a published
    /// message) as an orphan if it lost that: `cause`, the context it was made in, is the
    /// application, and it runs on a task of a runtime. Outside of a task, as in `main`, there was
    /// no cause to lose. Without the feature `tokio` tasks are not known, and every place counts
    /// as one.
    ///
    /// Background work that nothing causes gets a name, and with it a context, by
    /// [`root`](crate::root).
    ///
    /// ```
    /// use gomon_core::{Context, EventTracker};
    ///
    /// let cause = Context::current();
    /// let mut publish = EventTracker::in_context("publish", cause);
    /// publish.orphan_unless_caused(cause);
    /// ```
    pub fn orphan_unless_caused(&mut self, cause: Context) -> &mut Self {
        if self.is_recording() && cause.is_application() && on_a_task() {
            self.orphan();
        }
        self
    }

    /// Lets a finished detail travel inside this event, under `children`, instead of being sent
    /// alone. At most 64 travel with one event. Inside an empty tracker there is no room: the
    /// detail is then sent alone.
    pub fn embed(&mut self, mut child: EventTracker) {
        if self.is_recording()
            && child.is_recording()
            && let (Some(record), Some(mut detail)) = (&mut self.record, child.record.take())
        {
            detail.end = Source::of(detail.scope).now();
            open::let_go(&detail);
            if detail.flags.has(Flags::UNIT) {
                work::unregister(&detail);
            }
            record.embed(*detail);
        }
    }

    /// Sends the opening event with what was set so far, once, for a thing that lives long and
    /// has children before it ends. Registers it too, under its fingerprint unless it is
    /// registered.
    pub fn send_opening(&mut self) {
        let Some(record) = &mut self.record else {
            return;
        };
        if record.flags.has(Flags::OPENED) {
            return;
        }
        record.flags.add(Flags::OPENED);
        // What lives long is never sampled out, nor is what happens in it from now on.
        if record.flags.has(Flags::SAMPLED_OUT) {
            record.flags.remove(Flags::SAMPLED_OUT);
            record.start = Source::of(record.scope).now();
            self.sampled_out = false;
        }
        record.flags.remove(Flags::UNSAMPLED);
        record
            .flags
            .add(Flags::UNSAMPLED.when(state::load().samples_heads()));
        let opening = Box::new(Record::clone(record).into_opening());
        if record.flags.has(Flags::UNIT) {
            work::note_opened(record);
        } else {
            self.register(opening.fp);
        }
        let now = opening.end;
        link::send(opening, now);
    }

    pub(crate) fn is_registered(&self) -> bool {
        let record = self.record.as_deref();
        record.is_some_and(|record| record.flags.has(Flags::UNIT))
    }

    pub(crate) fn record_mut(&mut self) -> Option<&mut Record> {
        self.record.as_deref_mut()
    }

    /// When it started, if there is an event.
    pub(crate) fn start_stamp(&self) -> Option<Stamp> {
        self.recorded().map(|record| record.start)
    }

    /// What its times are read from.
    #[inline]
    pub(crate) fn clock(&self) -> Source {
        let record = self.record.as_deref();
        record.map_or(Source::PROCESS, |record| Source::of(record.scope))
    }

    /// Ends the event as of that moment.
    pub(crate) fn finish_at(mut self, end: Stamp) {
        if let Some(record) = self.record.take() {
            open::close_at(record, end);
        }
    }

    /// The same of a unit that was [listed](Self::list) by what polled it.
    pub(crate) fn finish_listed_at(mut self, end: Stamp, polled: &Unit) {
        if let Some(record) = self.record.take() {
            open::close_listed_at(record, end, polled);
        }
    }

    /// Notes that `tracing` knows of it already.
    #[cfg(feature = "tracing")]
    pub(crate) fn note_of_tracing(&mut self) {
        if let Some(record) = &mut self.record {
            record.flags.add(Flags::OF_TRACING);
        }
    }

    /// Whether it is being dropped by a panic that began after it.
    pub(crate) fn is_unwound(&self) -> bool {
        let heeds = |record: &Record| !record.flags.has(Flags::IGNORES_UNWINDING);
        std::thread::panicking() && self.record.as_deref().is_some_and(heeds)
    }

    /// Leaves the outcome to whoever marked it, whatever unwinds.
    pub(crate) fn ignore_unwinding(&mut self) {
        if let Some(record) = &mut self.record {
            record.flags.add(Flags::IGNORES_UNWINDING);
        }
    }

    /// Runs `f` with this event as the current one; [`Context::set`] reaches it. Afterwards, on
    /// unwind too, the context is what it was before.
    #[inline]
    pub fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        if self.is_empty() {
            return f();
        }
        let _lent = Lent::new(self);
        f()
    }

    /// The same for each poll of a future. The tracker stays with the caller; dropping the future
    /// ends nothing.
    #[inline]
    pub fn scope<F: Future>(&mut self, future: F) -> Scope<'_, F> {
        Scope::new(self, future)
    }

    /// Ends the event; the same as dropping it.
    #[inline(always)]
    pub fn finish(self) {}
}

impl Drop for EventTracker {
    #[inline(always)]
    fn drop(&mut self) {
        if !state::OFF
            && let Some(record) = self.record.take()
        {
            open::close(record);
        }
    }
}

#[cfg(feature = "tokio")]
fn on_a_task() -> bool {
    tokio::task::try_id().is_some()
}

#[cfg(not(feature = "tokio"))]
fn on_a_task() -> bool {
    true
}

thread_local! {
    /// The record of the innermost event that is entered on this thread.
    static LENT: RefCell<Option<Box<Record>>> = const { RefCell::new(None) };
}

/// Lends a tracker's record to the thread and takes it back when dropped.
struct Lent<'a> {
    home: &'a mut Option<Box<Record>>,
    /// Whether the record is with the thread now.
    lent: bool,
    /// What the thread held before: the record of the event round this one.
    outer: Option<Box<Record>>,
    _entered: Entered,
}

impl<'a> Lent<'a> {
    fn new(tracker: &'a mut EventTracker) -> Self {
        let entered = match &tracker.record {
            Some(record) => Entered::new(record.context()),
            // Else there would be nothing to enter.
            None => Entered::new(Context::current().or_sampled_out()),
        };
        let home = &mut tracker.record;
        let mut held = home.take();
        let lent = held.is_some() && swap_lent(&mut held);
        if !lent {
            // Where the thread-local is gone already, the record stays at home.
            *home = held.take();
        }
        Self {
            home,
            lent,
            outer: held,
            _entered: entered,
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if self.lent {
            let mut held = self.outer.take();
            swap_lent(&mut held);
            *self.home = held;
        }
    }
}

/// Exchanges a record for the one that the thread holds; false if the thread is past that.
fn swap_lent(record: &mut Option<Box<Record>>) -> bool {
    let swapped = LENT.try_with(|lent| match lent.try_borrow_mut() {
        Ok(mut lent) => {
            std::mem::swap(&mut *lent, record);
            true
        }
        Err(_) => false,
    });
    swapped.unwrap_or(false)
}

/// When the event that is entered on this thread began, if it is that one.
fn start_of_entered(span: SpanId) -> Option<Stamp> {
    let start = LENT.try_with(|lent| {
        let lent = lent.try_borrow().ok()?;
        let record = lent.as_ref().filter(|record| record.span == span)?;
        Some(record.start)
    });
    start.ok().flatten()
}

/// Sets an attribute of an open event: on the spot if its record is lent to this thread now, else
/// by a message that follows it to the bus.
pub(crate) fn set_open(origin: &Origin, scope: u32, key: &'static str, value: Value<'_>) {
    let mut value = Some(value);
    let _ = LENT.try_with(|lent| {
        if let Ok(mut lent) = lent.try_borrow_mut()
            && let Some(record) = lent.as_mut()
            && record.span == origin.span
            && let Some(value) = value.take()
        {
            record.set(key, value);
        }
    });
    if let Some(value) = value {
        open::send_message(origin, scope, key, value);
    }
}

pub(crate) mod b3;
pub(crate) mod baggage;
pub(crate) mod carried;
pub(crate) mod future;
#[cfg(feature = "tokio")]
pub(crate) mod join_set;
mod kind;
pub(crate) mod member;
pub(crate) mod message;
pub(crate) mod propagation;
mod propagation_settings;
#[cfg(feature = "futures")]
pub(crate) mod stream;
#[cfg(feature = "tokio")]
pub(crate) mod task;
pub mod thread;
pub(crate) mod traceparent;
pub(crate) mod tracestate;

use std::borrow::Cow;
use std::cell::Cell;

use uuid::Uuid;

use crate::context::baggage::Baggage;
use crate::context::carried::{Carried, Handle};
use crate::context::kind::{Kind, Tag};
use crate::context::traceparent::{Caller, TraceParent};
use crate::context::tracestate::TraceState;
use crate::event::flags::Flags;
use crate::event::id::{SpanId, TraceId};
use crate::event::value::Value;
use crate::hot::{self, HOT};
use crate::tracker::{self, work};

/// What a new event becomes a child of: an event of this process, a remote caller's span, or the
/// application.
///
/// A context is a small copy: keep it, send it to another thread, make it current there with
/// [`enter`](Self::enter) or [`FutureExt::in_context`](crate::FutureExt::in_context). It does not
/// keep its event open.
///
/// ```
/// use gomon_core::{Context, EventTracker};
///
/// let context = Context::from_traceparent(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
/// let tracker = EventTracker::in_context("import", context.unwrap_or(Context::application()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    trace: TraceId,
    span: SpanId,
    /// The `tracestate` and the baggage that came with it, or were added.
    carried: Handle,
    /// What it stands for, and which recorder its events go to; 0 is the process.
    tag: Tag,
}

/// The event behind a context.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) own_trace: bool,
    /// It is an event of another process.
    pub(crate) remote: bool,
    /// Its trace is not recorded.
    pub(crate) sampled_out: bool,
}

/// The context of the running task or thread.
#[must_use]
pub fn current() -> Context {
    Context::current()
}

/// Runs `f` without recording anything that happens in it. Tasks it starts by
/// [`spawn`](crate::spawn) or [`in_current`](crate::FutureExt::in_current) are left alone too.
///
/// For a [`Listener`](crate::Listener) that starts a thread or a runtime of its own: on a
/// listener's own thread nothing is recorded anyway, but that thread would be monitored like any
/// other, and a listener that sends what it gets would feed itself for ever.
///
/// ```
/// let tracker = gomon_core::unmonitored(|| gomon_core::EventTracker::new("export"));
/// assert!(!tracker.is_recording());
/// ```
pub fn unmonitored<R>(f: impl FnOnce() -> R) -> R {
    Context::UNMONITORED.enter(f)
}

impl Context {
    pub(crate) const PROCESS: Self = Self::without_event(Kind::Application, 0);
    pub(crate) const UNMONITORED: Self = Self::without_event(Kind::Unmonitored, 0);

    const fn without_event(kind: Kind, scope: u32) -> Self {
        Self {
            trace: TraceId(0),
            span: SpanId(0),
            carried: Handle::NONE,
            tag: Tag::new(kind, scope),
        }
    }

    /// Nothing: events made in it, and in what carries it on, are not recorded. See
    /// [`unmonitored`].
    #[must_use]
    pub const fn unmonitored() -> Self {
        Self::UNMONITORED
    }

    /// The application: each event made in it is the root of a new trace.
    #[must_use]
    pub fn application() -> Self {
        let current = Self::current();
        if current.is_monitored() {
            Self::without_event(Kind::Application, current.scope())
        } else {
            current
        }
    }

    /// The context of the running task or thread.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        HOT.with(|hot| hot.context.get())
    }

    /// The caller's span, from a W3C `traceparent` header (Trace Context, level 1 and 2);
    /// `None` if the header is malformed, which starts a new trace.
    /// [`Propagation`](crate::Propagation) reads the headers beside it too.
    #[must_use]
    pub fn from_traceparent(header: &[u8]) -> Option<Self> {
        let caller = traceparent::parse(header)?;
        Some(Self::of_caller(&Caller {
            sampled: false,
            ..caller
        }))
    }

    /// The span of another process, which says whether it is recorded.
    pub(crate) fn of_caller(caller: &Caller) -> Self {
        let current = Self::current();
        if !current.is_monitored() {
            return current;
        }
        let kind = if caller.sampled {
            Kind::RemoteSampled
        } else {
            Kind::Remote
        };
        Self {
            trace: caller.trace,
            span: caller.span,
            carried: Handle::NONE,
            tag: Tag::new(kind, current.scope()),
        }
    }

    /// The header that makes another process's events children of this one; `None` for the
    /// application.
    #[must_use]
    pub fn traceparent(&self) -> Option<TraceParent> {
        self.origin().map(|origin| TraceParent::new(&origin))
    }

    /// The id of the event it stands for; `None` for the application.
    #[must_use]
    pub fn event_id(&self) -> Option<Uuid> {
        self.origin()
            .map(|origin| origin.trace.event_id(origin.span))
    }

    /// The trace of the event it stands for.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.origin().map(|origin| origin.trace)
    }

    /// The span id of the event it stands for.
    #[must_use]
    pub fn span_id(&self) -> Option<SpanId> {
        self.origin().map(|origin| origin.span)
    }

    /// Whether it is the application, so that an event made in it starts a trace. The contexts in
    /// which nothing is recorded, [unmonitored](Self::unmonitored) or sampled out, are not.
    #[must_use]
    pub fn is_application(&self) -> bool {
        self.tag.kind() == Kind::Application
    }

    /// What other tracing systems on the way have added to the trace.
    #[must_use]
    pub fn tracestate(&self) -> TraceState {
        self.carried.read().tracestate
    }

    /// The same context with another [`TraceState`], for what is called in it.
    #[must_use]
    pub fn with_tracestate(self, tracestate: TraceState) -> Self {
        self.carrying(Carried {
            tracestate,
            ..self.carried.read()
        })
    }

    /// The names and values that the application hands on from service to service.
    ///
    /// What came with a request is there while the request is open. After it, and of what was added
    /// by [`with_baggage`](Self::with_baggage), the oldest goes when 8,192 newer ones have come or
    /// 8 MiB are carried.
    #[must_use]
    pub fn baggage(&self) -> Baggage {
        self.carried.read().baggage
    }

    /// The same context with other [`Baggage`]: what is called in it sends that on.
    ///
    /// It costs a lock and an entry in a table; while 8,192 requests are open that carry something,
    /// or 8 MiB are carried, the context stays without.
    ///
    /// The entry is a new one, which also takes the [`tracestate`](Self::tracestate) along, and no
    /// request keeps it: while the request that it was made in is open, it may be the oldest and
    /// go. An event that is opened in this context as the first of its trace keeps it while it is
    /// open. Add baggage where it is needed, and not once for hours.
    #[must_use]
    pub fn with_baggage(self, baggage: Baggage) -> Self {
        self.carrying(Carried {
            baggage,
            ..self.carried.read()
        })
    }

    pub(crate) fn carrying(self, carried: Carried) -> Self {
        Self {
            carried: Handle::new(carried),
            ..self
        }
    }

    pub(crate) fn carried(&self) -> Handle {
        self.carried
    }

    /// Whether events made in it are recorded.
    #[inline]
    pub(crate) fn is_monitored(&self) -> bool {
        self.tag.kind() != Kind::Unmonitored
    }

    /// Runs `f` with this as the current context; the one before is back on return and unwind.
    pub fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(self);
        f()
    }

    /// Takes this context along with a closure: wherever it is called, this is current in it.
    ///
    /// ```
    /// use gomon_core::{EventTracker, current};
    ///
    /// let work = current().carry(|| EventTracker::new("resize").finish());
    /// # fn hand_to_a_pool(work: impl FnOnce() + Send + 'static) { work() }
    /// hand_to_a_pool(work);
    /// ```
    pub fn carry<R>(self, f: impl FnOnce() -> R) -> impl FnOnce() -> R {
        move || self.enter(f)
    }

    /// Adds an attribute to the event behind this context, from wherever: at once if it is the
    /// innermost one that is being polled or entered on this thread, else by a message that reaches
    /// it while it is open. What comes later, or stays without an event for ten minutes, is counted
    /// in `gomon-self` as late.
    pub fn set<'a>(&self, key: &'static str, value: impl Into<Value<'a>>) {
        if let Some(origin) = self.origin()
            && !origin.sampled_out
        {
            tracker::set_open(&origin, self.scope(), key, value.into());
        }
    }

    /// Changes what the event behind this context is called among the units of work, if it is one:
    /// see [`EventTracker::relabel`](crate::EventTracker::relabel).
    pub fn relabel(&self, label: impl Into<Cow<'static, str>>) {
        if let Some(origin) = self.origin() {
            work::relabel(origin.trace, origin.span, &label.into());
        }
    }

    /// The context of an event of this process.
    #[inline]
    pub(crate) fn of_event(
        (trace, span): (TraceId, SpanId),
        own_trace: bool,
        scope: u32,
        carried: Handle,
    ) -> Self {
        let kind = if own_trace {
            Kind::OwnTrace
        } else {
            Kind::ForeignTrace
        };
        Self {
            trace,
            span,
            carried,
            tag: Tag::new(kind, scope),
        }
    }

    /// The same of one in which everything is recorded, whatever head sampling says.
    pub(crate) fn into_opened(self) -> Self {
        let kind = match self.tag.kind() {
            Kind::OwnTrace => Kind::OwnOpened,
            _ => Kind::ForeignOpened,
        };
        Self {
            tag: Tag::new(kind, self.scope()),
            ..self
        }
    }

    /// The same of one whose trace is not recorded.
    #[inline]
    pub(crate) fn into_sampled_out(self) -> Self {
        let kind = match self.tag.kind() {
            Kind::OwnTrace => Kind::OwnSampledOut,
            _ => Kind::SampledOut,
        };
        Self {
            tag: Tag::new(kind, self.scope()),
            ..self
        }
    }

    #[inline]
    pub(crate) fn is_sampled_out(&self) -> bool {
        matches!(self.tag.kind(), Kind::SampledOut | Kind::OwnSampledOut)
    }

    /// This context if its trace is not recorded, else one whose trace is not.
    pub(crate) fn or_sampled_out(self) -> Self {
        if self.is_sampled_out() {
            self
        } else {
            Self::without_event(Kind::SampledOut, self.scope())
        }
    }

    /// Nothing, inside of the same test.
    #[cfg(feature = "test-util")]
    pub(crate) fn unmonitored_in(context: Self) -> Self {
        Self::without_event(Kind::Unmonitored, context.scope())
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn of_scope(scope: u32) -> Self {
        Self::without_event(Kind::Application, scope)
    }

    /// This context if it says anything, else the current one.
    pub(crate) fn or_current(self) -> Self {
        let current = Self::current();
        let more = self.is_application() && (!current.is_application() || self.scope() == 0);
        if more {
            // What an application's context carries is not lost to one that carries nothing.
            let carries = current.is_application() && current.carried == Handle::NONE;
            let carried = if carries {
                self.carried
            } else {
                current.carried
            };
            Self { carried, ..current }
        } else {
            self
        }
    }

    #[inline]
    pub(crate) fn scope(&self) -> u32 {
        self.tag.scope()
    }

    /// The ids of the event it stands for.
    #[inline]
    pub(crate) fn ids(&self) -> Option<(TraceId, SpanId)> {
        (self.trace.0 != 0).then_some((self.trace, self.span))
    }

    /// What an event is that is made in it.
    #[inline]
    pub(crate) fn flags_of_child(&self) -> Flags {
        match self.tag.kind() {
            Kind::Application => Flags::OWN_TRACE.and(Flags::LOCAL_ROOT),
            Kind::OwnTrace | Kind::OwnSampledOut => Flags::OWN_TRACE,
            Kind::OwnOpened => Flags::OWN_TRACE.and(Flags::UNSAMPLED),
            Kind::ForeignOpened => Flags::UNSAMPLED,
            Kind::Remote => Flags::LOCAL_ROOT,
            Kind::RemoteSampled => Flags::LOCAL_ROOT.and(Flags::CALLER_SAMPLED),
            Kind::ForeignTrace | Kind::SampledOut | Kind::Unmonitored => Flags::NONE,
        }
    }

    #[inline]
    pub(crate) fn origin(&self) -> Option<Origin> {
        let kind = self.tag.kind();
        match kind {
            Kind::Application | Kind::Unmonitored => return None,
            Kind::SampledOut if self.trace.0 == 0 => return None,
            _ => {}
        }
        Some(Origin {
            trace: self.trace,
            span: self.span,
            own_trace: matches!(kind, Kind::OwnTrace | Kind::OwnOpened | Kind::OwnSampledOut),
            remote: matches!(kind, Kind::Remote | Kind::RemoteSampled),
            sampled_out: self.is_sampled_out(),
        })
    }
}

/// Puts the context before back when it is dropped. Never handed to users: held across an await
/// point it would leak its context into other tasks.
pub(crate) struct Entered {
    before: Context,
    /// Stays on its thread.
    _not_send: std::marker::PhantomData<*const Cell<Context>>,
}

impl Entered {
    #[inline]
    pub(crate) fn new(context: Context) -> Self {
        let before = hot::replace_context(context);
        Self {
            before,
            _not_send: std::marker::PhantomData,
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        hot::replace_context(self.before);
    }
}

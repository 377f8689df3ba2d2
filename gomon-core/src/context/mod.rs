pub(crate) mod future;
pub(crate) mod propagation;
#[cfg(feature = "tokio")]
pub(crate) mod task;

use std::cell::Cell;

use uuid::Uuid;

use crate::context::propagation::TraceParent;
use crate::event::id::{SpanId, TraceId};
use crate::event::value::Value;
use crate::thread::{self, HOT};
use crate::tracker;

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
    kind: Kind,
    /// Which recorder its events go to; 0 is the process.
    scope: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// No event: children start a trace of their own.
    Application,
    /// Nothing made in it is recorded.
    Unmonitored,
    /// An event of a trace that is not recorded; its children are counted.
    SampledOut,
    /// An event in a trace that this process began.
    OwnTrace,
    /// An event of this process in a trace that another process began.
    ForeignTrace,
    /// An event of another process.
    Remote,
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
    pub(crate) const PROCESS: Self = Self {
        trace: TraceId(0),
        span: SpanId(0),
        kind: Kind::Application,
        scope: 0,
    };

    pub(crate) const UNMONITORED: Self = Self {
        kind: Kind::Unmonitored,
        ..Self::PROCESS
    };

    pub(crate) const SAMPLED_OUT: Self = Self {
        kind: Kind::SampledOut,
        ..Self::PROCESS
    };

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
        match current.kind {
            Kind::Unmonitored => current,
            _ => Self {
                scope: current.scope,
                ..Self::PROCESS
            },
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
    #[must_use]
    pub fn from_traceparent(header: &[u8]) -> Option<Self> {
        let (trace, span) = propagation::parse(header)?;
        let current = Self::current();
        if !current.is_monitored() {
            return Some(current);
        }
        Some(Self {
            trace,
            span,
            kind: Kind::Remote,
            scope: current.scope,
        })
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

    /// Whether no event stands behind it.
    #[must_use]
    pub fn is_application(&self) -> bool {
        self.origin().is_none()
    }

    /// Whether events made in it are recorded.
    #[inline]
    pub(crate) fn is_monitored(&self) -> bool {
        self.kind != Kind::Unmonitored
    }

    /// Runs `f` with this as the current context; the one before is back on return and unwind.
    pub fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(self);
        f()
    }

    /// Adds an attribute to the event behind this context, from wherever: at once if it is the
    /// innermost one that is being polled or entered on this thread, else by a message that reaches
    /// it while it is open. What comes later, or stays without an event for ten minutes, is counted
    /// in `gomon-self` as late.
    pub fn set<'a>(&self, key: &'static str, value: impl Into<Value<'a>>) {
        if let Some(origin) = self.origin()
            && !origin.sampled_out
        {
            tracker::set_open(&origin, self.scope, key, value.into());
        }
    }

    #[inline]
    pub(crate) fn of_event(trace: TraceId, span: SpanId, own_trace: bool, scope: u32) -> Self {
        let kind = if own_trace {
            Kind::OwnTrace
        } else {
            Kind::ForeignTrace
        };
        Self {
            trace,
            span,
            kind,
            scope,
        }
    }

    pub(crate) fn of_sampled_out(trace: TraceId, span: SpanId, scope: u32) -> Self {
        Self {
            trace,
            span,
            kind: Kind::SampledOut,
            scope,
        }
    }

    #[inline]
    pub(crate) fn is_sampled_out(&self) -> bool {
        self.kind == Kind::SampledOut
    }

    /// This context if its trace is not recorded, else one whose trace is not.
    pub(crate) fn or_sampled_out(self) -> Self {
        if self.is_sampled_out() {
            self
        } else {
            Self {
                scope: self.scope,
                ..Self::SAMPLED_OUT
            }
        }
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn of_scope(scope: u32) -> Self {
        Self {
            scope,
            ..Self::PROCESS
        }
    }

    /// This context if it says anything, else the current one.
    pub(crate) fn or_current(self) -> Self {
        let current = Self::current();
        let more = self.is_application() && (!current.is_application() || self.scope == 0);
        if more && self.is_monitored() {
            current
        } else {
            self
        }
    }

    #[inline]
    pub(crate) fn scope(&self) -> u32 {
        self.scope
    }

    #[inline]
    pub(crate) fn origin(&self) -> Option<Origin> {
        let own_trace = match self.kind {
            Kind::Application | Kind::Unmonitored => return None,
            Kind::SampledOut if self.trace.0 == 0 => return None,
            Kind::OwnTrace => true,
            Kind::SampledOut => false,
            Kind::ForeignTrace | Kind::Remote => false,
        };
        Some(Origin {
            trace: self.trace,
            span: self.span,
            own_trace,
            remote: self.kind == Kind::Remote,
            sampled_out: self.kind == Kind::SampledOut,
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
        let before = thread::replace_context(context);
        Self {
            before,
            _not_send: std::marker::PhantomData,
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        thread::replace_context(self.before);
    }
}

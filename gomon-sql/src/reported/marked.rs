//! How a call to the driver is marked while sqlx may log it.
//!
//! sqlx logs a statement when its logger is dropped: inside the last poll of the call, or where the call itself is dropped. For
//! PostgreSQL and MySQL that is on the thread that polls or drops it, where a thread-local says whose statement it is: no filter can
//! get in the way, nobody else sees it, and it costs next to nothing. SQLite's driver logs on a thread of its own and takes only the
//! current span of `tracing` there: its calls are polled inside a span that does nothing but say whose they are.
//!
//! That span is made past `enabled`, or a filter that spares the program the spans of the level `TRACE` would bring the doubles back.
//! Layers with a filter of their own are asked, and do not see it if they do not want it; those behind a filter for all of them do.
//!
//! Until a layer is installed all of this is one relaxed load a poll.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tracing::callsite::{Callsite, Identifier};
use tracing::field::FieldSet;
use tracing::metadata::{Kind, Metadata};
use tracing::span::{self, Span};
use tracing::subscriber::Interest;
use tracing::{Level, dispatcher};

use crate::engine::Engine;

/// From now on there is a layer to hide things from.
pub(crate) fn install() {
    INSTALLED.store(true, Relaxed);
}

/// A call to the driver whose statement has an event of the wrapper's.
pub(crate) fn statement<F>(engine: &Engine, call: F) -> Reported<F> {
    Reported {
        call: Some(call),
        what: What::Statement,
        span: if engine.own_thread {
            Mark::Wanted
        } else {
            Mark::Unneeded
        },
    }
}

/// A wait for the pool that has an event of the wrapper's. What runs when a connection is made has none.
pub(crate) fn acquire<F>(call: F) -> Reported<F> {
    Reported {
        call: Some(call),
        what: What::Acquire,
        span: Mark::Unneeded,
    }
}

/// Whether the statement that is logged here, inside of a span made there, has an event of a wrapper's.
pub(crate) fn is_statement(span: Option<&Metadata<'_>>) -> bool {
    let marked = |metadata: &Metadata<'_>| metadata.callsite() == MARK.callsite();
    INSIDE.get() == What::Statement || span.is_some_and(marked)
}

/// The same of a wait for the pool.
pub(crate) fn is_acquire() -> bool {
    INSIDE.get() == What::Acquire
}

pin_project! {
    /// A future or stream of the driver, marked while it is polled and dropped.
    #[allow(unnameable_types, reason = "belongs to the hidden half of a sealed trait")]
    pub struct Reported<F> {
        // There until it is dropped.
        #[pin]
        call: Option<F>,
        what: What,
        span: Mark,
    }

    impl<F> PinnedDrop for Reported<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _inside = Inside::enter(*this.what);
            this.call.set(None);
        }
    }
}

impl<F: Future> Future for Reported<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.call.as_pin_mut() {
            Some(call) => marked(*this.what, this.span, || call.poll(cx)),
            None => Poll::Pending,
        }
    }
}

impl<S: Stream> Stream for Reported<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        match this.call.as_pin_mut() {
            Some(call) => marked(*this.what, this.span, || call.poll_next(cx)),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.call.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

fn marked<R>(what: What, span: &mut Mark, poll: impl FnOnce() -> R) -> R {
    let Some(_inside) = Inside::enter(what) else {
        return poll();
    };
    let _entered = span.enter();
    poll()
}

/// What the driver does on this thread right now for a wrapper that reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Nothing,
    Statement,
    Acquire,
}

/// Until it is dropped, what happens on this thread is reported by a wrapper.
struct Inside {
    before: What,
}

impl Inside {
    /// `None` where there is no layer to hide it from.
    fn enter(what: What) -> Option<Self> {
        let installed = INSTALLED.load(Relaxed);
        installed.then(|| Self {
            before: INSIDE.replace(what),
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

/// The span for what is logged on another thread.
#[derive(Debug)]
enum Mark {
    Unneeded,
    Wanted,
    Made(Span),
}

impl Mark {
    fn enter(&mut self) -> Option<span::Entered<'_>> {
        if matches!(self, Self::Wanted) {
            // The answer does not matter: it is for the layers with a filter of their own.
            dispatcher::get_default(|dispatch| dispatch.enabled(&MARK));
            *self = Self::Made(Span::new(&MARK, &MARK.fields().value_set(&[])));
        }
        match self {
            Self::Made(span) => Some(span.enter()),
            Self::Unneeded | Self::Wanted => None,
        }
    }
}

/// Where the span is made. Nobody is asked beforehand whether it is of interest.
struct Here;

impl Callsite for Here {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &MARK
    }
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static INSIDE: Cell<What> = const { Cell::new(What::Nothing) };
}

static HERE: Here = Here;
static MARK: Metadata<'static> = Metadata::new(
    "gomon.sql",
    "gomon",
    Level::TRACE,
    None,
    None,
    None,
    FieldSet::new(&[], Identifier(&HERE)),
    Kind::SPAN,
);

//! The one connection of a channel, which is made apart from the requests that wait for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use gomon_core::EventTracker;
use http::Uri;
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::client::phases::{Phases, Reuse};

/// What is known of the connection that a channel made last.
#[derive(Clone, Default)]
pub(crate) struct Link(Arc<Mutex<Option<Made>>>);

/// A connection that was begun.
struct Made {
    began: Duration,
    /// Nanoseconds after it was begun.
    phases: Arc<Phases>,
}

impl Link {
    /// How far a request got that began then, if it waited for the connection.
    pub(crate) fn tell(&self, request: &Phases, began: Duration) -> Reached {
        let made = self.0.lock();
        let Some(made) = &*made else {
            return Reached::Nothing;
        };
        let waited = request.adopt(&made.phases, made.began, began);
        match (waited, made.phases.is_settled()) {
            (true, _) => Reached::New,
            (false, true) => Reached::There,
            (false, false) => Reached::Nothing,
        }
    }
}

/// Which connection a request can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// None is there.
    Nothing,
    /// One that was there before.
    There,
    /// One that it waited for.
    New,
}

/// Notes when a channel connects; round its connector.
#[derive(Clone)]
pub(crate) struct LinkedConnector<C> {
    inner: C,
    link: Link,
}

impl<C> LinkedConnector<C> {
    pub(crate) fn new(inner: C, link: Link) -> Self {
        Self { inner, link }
    }
}

impl<C> fmt::Debug for LinkedConnector<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedConnector").finish_non_exhaustive()
    }
}

impl<C: Service<Uri>> Service<Uri> for LinkedConnector<C> {
    type Response = C::Response;
    type Error = C::Error;
    type Future = Linking<C::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), C::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let began = gomon_core::monotonic();
        let phases = Arc::new(Phases::new(EventTracker::empty().stopwatch()));
        *self.link.0.lock() = Some(Made {
            began,
            phases: Arc::clone(&phases),
        });
        let inner = Phases::enter(Some(&phases), || self.inner.call(target));
        Linking { inner, phases }
    }
}

pin_project! {
    /// A connection of a channel on its way.
    pub(crate) struct Linking<F> {
        #[pin]
        inner: F,
        phases: Arc<Phases>,
    }
}

impl<F, T, E> Future for Linking<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = Phases::enter(Some(this.phases), || this.inner.poll(cx));
        if let Poll::Ready(Ok(_)) = &polled {
            this.phases.settle(Reuse::New);
        }
        polled
    }
}

impl<F> fmt::Debug for Linking<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linking").finish_non_exhaustive()
    }
}

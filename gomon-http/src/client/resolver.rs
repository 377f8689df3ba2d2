//! Names that are looked up.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::vec;

use gomon_core::{EventTracker, Tree};
use hyper_util::client::legacy::connect::dns::Name;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::client::cause::Cause;
use crate::client::phases::{Mark, Phases};
use crate::client::step::{BoxError, Step};
use crate::keys;

/// Wraps a resolver, such as hyper-util's `GaiResolver`, so that each look-up becomes one
/// `dns-lookup` event, and a phase of the request that asked for it.
///
/// The event is a child of that request; it has the `name`, and the `addrs` that were found. An
/// address in a URL is not looked up. Goes into `HttpConnector::new_with_resolver`; with the feature
/// `reqwest` also into `ClientBuilder::dns_resolver`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MonitoredResolver<R> {
    inner: R,
}

impl<R> MonitoredResolver<R> {
    /// Monitors what this one looks up.
    pub const fn new(inner: R) -> Self {
        Self { inner }
    }

    #[cfg(feature = "reqwest")]
    pub(crate) const fn inner(&self) -> &R {
        &self.inner
    }
}

impl<R> Service<Name> for MonitoredResolver<R>
where
    R: Service<Name>,
    R::Response: Iterator<Item = SocketAddr>,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Resolving<R::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let asked = name.clone();
        Resolving::new(asked.as_str(), || self.inner.call(name))
    }
}

pin_project! {
    /// What a [`MonitoredResolver`] returns: a look-up under way.
    #[must_use = "futures do nothing unless polled"]
    pub struct Resolving<F> {
        #[pin]
        step: Step<F>,
    }
}

impl<F> Resolving<F> {
    pub(crate) fn new(name: &str, make: impl FnOnce() -> F) -> Self {
        let cause = Cause::current();
        if let Some(phases) = cause.phases() {
            phases.mark(Mark::DnsStart);
        }
        let describe = |tracker: &mut EventTracker| {
            tracker.set(keys::NAME, name);
        };
        Self {
            step: Step::new(cause, keys::LOOKUP, describe, make),
        }
    }
}

impl<F, I, E> Future for Resolving<F>
where
    F: Future<Output = Result<I, E>>,
    I: Iterator<Item = SocketAddr>,
    E: Into<BoxError>,
{
    type Output = Result<vec::IntoIter<SocketAddr>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        let (found, mut tracker) = ready!(step.as_mut().poll_step(cx))?;
        step.cause().phases().map(Phases::resolved);
        let found: Vec<_> = found.collect();
        if tracker.is_recording() {
            let addrs = found.iter().map(|addr| Tree::from(addr.ip().to_string()));
            tracker.set(keys::ADDRS, Tree::List(addrs.collect()));
        }
        tracker.finish();
        Poll::Ready(Ok(found.into_iter()))
    }
}

impl<F> fmt::Debug for Resolving<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolving").finish_non_exhaustive()
    }
}

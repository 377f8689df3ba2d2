//! The connections that reqwest makes.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use hyper_util::client::legacy::connect::Connection;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::client::connector;
use crate::client::phases::{Mark, Phases};
use crate::client::step::{BoxError, Step};

/// For [`ClientBuilder::connector_layer`](reqwest::ClientBuilder::connector_layer): each connection
/// is one `http-trp-dialctx` event and a phase, as with
/// [`MonitoredConnector`](crate::MonitoredConnector). [`monitored`](crate::ReqwestExt::monitored) sets
/// it.
///
/// reqwest makes the TLS handshake inside, so that it is part of the dial; with
/// `observe_handshakes` (feature `client-tls`) it has a phase and an event of its own. The address is
/// the one that the request is for, also where a proxy is dialled.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectorLayer(());

impl ConnectorLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl<C> Layer<C> for ConnectorLayer {
    type Service = ObservedConnector<C>;

    fn layer(&self, inner: C) -> Self::Service {
        ObservedConnector { inner }
    }
}

/// The connector that [`ConnectorLayer`] makes.
#[derive(Clone, Copy, Debug)]
pub struct ObservedConnector<C> {
    inner: C,
}

/// What is asked for is reqwest's secret.
impl<C, Q> Service<Q> for ObservedConnector<C>
where
    C: Service<Q>,
    C::Response: Connection,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = ObservedConnecting<C::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Q) -> Self::Future {
        let phases = Phases::current();
        let address = phases.as_ref().and_then(|phases| phases.target());
        ObservedConnecting {
            step: connector::dial(address.unwrap_or_default(), || self.inner.call(target)),
        }
    }
}

pin_project! {
    /// A connection of reqwest's on its way.
    #[must_use = "futures do nothing unless polled"]
    pub struct ObservedConnecting<F> {
        #[pin]
        step: Step<F>,
    }
}

impl<F, T, E> Future for ObservedConnecting<F>
where
    F: Future<Output = Result<T, E>>,
    T: Connection,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut step = self.project().step;
        let polled = ready!(step.as_mut().poll_step(cx));
        let cause = step.cause();
        match &polled {
            Ok((conn, _)) => {
                if let Some(phases) = cause.phases() {
                    let alpn = conn.connected().is_negotiated_h2().then_some("h2");
                    if !phases.end_handshake(Ok(alpn)) {
                        phases.mark(Mark::ConnDone);
                    }
                    phases.end_dial();
                }
            }
            Err(error) => {
                cause
                    .phases()
                    .map(|phases| phases.end_handshake(Err(&**error)));
            }
        }
        Poll::Ready(polled.map(|(conn, tracker)| {
            tracker.finish();
            conn
        }))
    }
}

impl<F> fmt::Debug for ObservedConnecting<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedConnecting").finish_non_exhaustive()
    }
}

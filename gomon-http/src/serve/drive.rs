//! One connection from its beginning to its end, which may be its own, the server's, or that of somebody's patience.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use gomon_core::conn::ConnInfo;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower_service::Service;

use super::BoxError;
use super::activity::Activity;
use super::connection::{ConnectionService, SpawnInContext};
use super::limits::Limits;
use crate::websocket::{Tap, TapIo};

/// How far the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Serving,
    /// Connections finish what they have.
    Draining,
    /// They had their time.
    Closing,
}

/// Lets all connections finish, for so long at the most, then ends them. Resolves when there is none.
pub(crate) async fn drain(stage: &watch::Sender<Stage>, limit: Option<Duration>) {
    stage.send_replace(Stage::Draining);
    let Some(limit) = limit else {
        return stage.closed().await;
    };
    if tokio::time::timeout(limit, stage.closed()).await.is_err() {
        stage.send_replace(Stage::Closing);
        stage.closed().await;
    }
}

/// What each connection is served with.
#[derive(Clone)]
pub(crate) struct Serving<S> {
    service: S,
    limits: Limits,
    builder: Builder<SpawnInContext>,
    stages: watch::Receiver<Stage>,
}

impl<S> Serving<S> {
    pub(crate) fn new(service: S, limits: Limits, stages: watch::Receiver<Stage>) -> Self {
        Self {
            service,
            builder: builder(limits),
            limits,
            stages,
        }
    }

    /// Resolves once connections have had their time.
    #[cfg(feature = "tls")]
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + use<S> {
        reached(self.stages.clone(), Stage::Closing)
    }
}

impl<S, B> Serving<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    /// Serves one connection to its end.
    pub(crate) async fn serve<Io>(self, io: Io, info: ConnInfo)
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            service,
            limits,
            builder,
            stages,
        } = self;
        // Dropped last: the server ends when nobody has one, and the connection is closed by then.
        let _served = stages.clone();
        let (activity, tap) = (Activity::new(), Tap::default());
        let service = ConnectionService::new(service, info, activity.clone(), tap.clone());
        let io = TokioIo::new(TapIo::new(io, tap));
        let connection = pin!(builder.serve_connection_with_upgrades(io, service));
        let idle = async {
            match limits.idle {
                Some(limit) => activity.idle_for(limit).await,
                None => std::future::pending().await,
            }
        };
        drive(connection, stages, pin!(idle)).await;
    }
}

/// Polls a connection until it ends. How it broke is told by the requests it broke. A bad request that hyper answers itself,
/// with 400, reaches no service and makes no event.
async fn drive<C: GracefulConnection>(
    mut connection: Pin<&mut C>,
    stages: watch::Receiver<Stage>,
    mut idle: Pin<&mut impl Future<Output = ()>>,
) {
    let mut closing = pin!(reached(stages.clone(), Stage::Closing));
    let mut draining = pin!(reached(stages, Stage::Draining));
    let mut finishing = false;
    poll_fn(|cx| {
        if !finishing
            && (draining.as_mut().poll(cx).is_ready() || idle.as_mut().poll(cx).is_ready())
        {
            finishing = true;
            connection.as_mut().graceful_shutdown();
        }
        match closing.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => connection.as_mut().poll(cx).map(|_| ()),
        }
    })
    .await;
}

/// Resolves once the server is that far. A server that is dropped drains and does not close.
async fn reached(mut stages: watch::Receiver<Stage>, stage: Stage) {
    if stages.wait_for(|now| *now >= stage).await.is_err() && stage == Stage::Closing {
        std::future::pending::<()>().await;
    }
}

/// hyper's defaults, with a timer, so that its limit on the time a request head may take is in
/// force. That time begins with the first bytes that rule out HTTP/2: until they are there, the
/// connection may stay silent, unless there is a limit for idle ones.
fn builder(limits: Limits) -> Builder<SpawnInContext> {
    let mut builder = Builder::new(SpawnInContext);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header);
    builder
        .http2()
        .timer(TokioTimer::new())
        .enable_connect_protocol();
    builder
}

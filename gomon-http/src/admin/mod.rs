//! What a running program can be asked and told over HTTP.

mod access;
mod config;
mod figures;
mod parameters;
mod reply;
mod stacks;
mod status;
mod trial;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use access::Access;
use parameters::Parameters;
use reply::Reply;

/// The program's own state, as a tower service to be mounted at `/gomon`.
///
/// | path | method | what it does |
/// |---|---|---|
/// | `/gomon/request-status` | GET | the requests and other units of work in flight, and totals; as JSON, or as a table with `Accept: text/plain` |
/// | `/gomon/health` | GET | 200 as long as the program answers |
/// | `/gomon/status` | GET | whether gomon itself is well: 503 if it does not run or a listener is left alone |
/// | `/gomon/stats` | GET | where every event went, the aggregates by fingerprint and labels, and the probes |
/// | `/gomon/file?probe=sql&name=sql.folded` | GET | a file of a probe, such as the profile of SQL |
/// | `/gomon/stacks` | GET | the threads, and the open work with what it is doing |
/// | `/gomon/config` | GET | what is recorded now, and the live switches that are on |
/// | `/gomon/config?secs=300` | PUT | a [`Config`](gomon_core::Config) as JSON, in force for so many seconds, over all others; DELETE ends it |
/// | `/gomon/test?…` | POST | a trial of the program's resources and monitoring, see below |
///
/// `/gomon/test` takes `secs` (waits so long, at most 60), `kbytes` (allocates and touches so much, at most 1,048,576), `cpu` (computes for so many
/// seconds, at most 10), `block` (blocks its thread for so many seconds, at most 10), `spawn` (starts so many tasks that wait the same `secs`, at most
/// 1,000), `panic` (panics at the end; the service round it sees the panic), and `probe` with `action` and any number of `arg`s: an action that a wrapper
/// has [registered](gomon_core::probe).
///
/// It answers only who may ask: with a [`token`](Self::token) whoever brings it, as `Authorization: Bearer …`; without one only
/// connections from this machine, asked for by its name. Nothing that a web page could make a browser ask is answered.
///
/// ```
/// use gomon_http::admin;
///
/// # #[cfg(feature = "axum")]
/// let app: axum::Router = axum::Router::new().nest_service("/gomon", admin());
/// ```
#[derive(Clone)]
pub struct Admin {
    access: Arc<Access>,
}

/// An [`Admin`] for this machine alone.
#[must_use]
pub fn admin() -> Admin {
    Admin {
        access: Arc::new(Access::Loopback),
    }
}

impl Admin {
    /// Answers whoever brings this token, from wherever, and nobody else.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        Self {
            access: Arc::new(Access::Token(token.into())),
        }
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for Admin
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: fmt::Display,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = AdminFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AdminFuture {
        let access = Arc::clone(&self.access);
        AdminFuture(Box::pin(async move {
            let reply = answer(&access, request).await;
            reply.unwrap_or_else(|refused| refused).into_response()
        }))
    }
}

async fn answer<B>(access: &Access, request: Request<B>) -> Result<Reply, Reply>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: fmt::Display,
{
    let (head, body) = request.into_parts();
    access.check(&head)?;
    let path = head.uri.path();
    let path = path.strip_prefix("/gomon").unwrap_or(path);
    let path = path.trim_end_matches('/');
    let Some((_, methods)) = PATHS.iter().find(|(known, _)| *known == path) else {
        let known = PATHS.map(|(known, _)| known).join(", ");
        return Err(Reply::error(404, &format!("there are {known}")));
    };
    if !methods.split(", ").any(|method| head.method == method) {
        return Err(Reply::other_method(path, methods));
    }
    let mut parameters = Parameters::parse(head.uri.query().unwrap_or(""))?;
    match (&head.method, path) {
        (&Method::PUT, "/config") => return config::set(&mut parameters, body).await,
        (&Method::GET, "/file") => return figures::file(&mut parameters),
        (&Method::POST, "/test") => return trial::run(&mut parameters).await,
        _ => parameters.end()?,
    }
    Ok(match (&head.method, path) {
        (_, "/request-status") => status::requests(&head.headers),
        (_, "/status") => status::of_gomon(),
        (_, "/stats") => figures::all(),
        (_, "/stacks") => stacks::all(),
        (&Method::DELETE, _) => config::end(),
        (_, "/config") => config::show(),
        _ => Reply::json(200, &serde_json::json!({"status": "ok"})),
    })
}

/// What [`Admin`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct AdminFuture(Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>);

impl Future for AdminFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for AdminFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminFuture").finish_non_exhaustive()
    }
}

/// Paths, and the methods of each.
const PATHS: [(&str, &str); 8] = [
    ("/request-status", "GET"),
    ("/health", "GET"),
    ("/status", "GET"),
    ("/stats", "GET"),
    ("/stacks", "GET"),
    ("/file", "GET"),
    ("/config", "GET, PUT, DELETE"),
    ("/test", "POST"),
];

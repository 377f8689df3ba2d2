//! Monitoring of HTTP servers and clients as tower layers.
//!
//! [`MonitoringLayer`] wraps any tower service over `http` 1, [`monitored_handler`] one handler of many, `serve` runs it on hyper and tells
//! each request its connection, `ClientLayer` wraps hyper-util's client. All of them pass on what
//! they see unchanged: bytes, trailers, size hints, errors, readiness and back-pressure.
//!
//! # When does its event start and end?
//!
//! An `http-wmux-servehttp` event (server), `http-wmux-handler` event (one handler of a server) or
//! `http-roundtripper` event (client) is one request, its response, and the response's body:
//!
//! - It **starts** when the layer's service is called, after the head of the request was read.
//! - It **ends** with the response's body: at the end of the stream, at its trailers, when the body
//!   says that nothing is left, or when the body is dropped.
//! - It ends **with the head** where no body follows: HEAD, CONNECT, 1xx (an upgrade has
//!   `hijack: true`), 204, 304, and bodies that are empty from the start.
//! - Its outcome is `completed`, unless one of these applies; the first counts:
//!   - `panicked`: the service or the body panicked while it was polled. The panic goes on.
//!   - `timed-out`: the service failed with tower's or tokio's `Elapsed`, or answered with a
//!     [`timeout_status`](MonitoringLayer::timeout_status) or with gRPC's `DEADLINE_EXCEEDED`.
//!   - `failed`: the service or the body returned an error, or the status is 500 or above (a panic
//!     that a layer inside turned into one included).
//!   - `truncated`: the body was dropped before its end, as when the client goes away. All bytes of
//!     the `content-length` or of an exact size hint are its end.
//!   - `cancelled`: the call was dropped before it answered: the client went away, a timeout layer
//!     outside gave up, the runtime was shut down.
//!   - `abandoned`: gomon was shut down while it was open.
//! - A request body that broke off is noted as an error of the event; the outcome is still that of
//!   the answer.
//!
//! # What is taken
//!
//! What [`Capture`](gomon_core::Capture) says: headers, URL and sizes by default; bodies and the
//! peer's address with `Capture::full()`. Of bodies only text, JSON and forms are copied, up to the
//! cap, as they pass. Header values, query and route parameters, JSON and form fields with secret
//! names become `[redacted]` before anything is recorded; JSON that is longer than the cap cannot
//! be masked and is left out.
//!
//! # Features
//!
//! - `axum`: route templates, axum's `ConnectInfo`.
//! - `serve`: `serve`. `tls`: the same over TLS, by rustls with ring.
//! - `actix`, `poem`, `rocket`, `salvo`: [`MonitoringLayer`] as a middleware of these, which are no
//!   tower services. Each has a module that says how.
//! - `client`: `client()`, `ClientLayer`, `MonitoredConnector`, `MonitoredResolver`.
//! - `client-tls`: `TlsConnector`, rustls with ring, and `client()` with it.
//! - `client-proxy`: `ProxyConnector`.
//! - `reqwest`: `.monitored()` for reqwest's client; `reqwest-middleware`: the same as a middleware.
//! - `tonic`: `MonitoringChannel`.
//! - `admin`: `admin`, what a running program can be asked and told.

#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "admin")]
mod admin;
mod body;
#[cfg(any(feature = "actix", feature = "poem", feature = "salvo"))]
mod cause;
#[cfg(feature = "client")]
mod client;
#[cfg(not(feature = "client"))]
#[path = "client/absent.rs"]
mod client;
mod config;
mod error;
mod exchange;
mod forwarded;
mod future;
mod grpc;
mod handler;
mod headers;
mod held;
mod incoming;
mod keys;
mod layer;
mod mark;
mod observed;
#[cfg(feature = "client")]
mod outgoing;
#[cfg(feature = "poem")]
pub mod poem;
mod queue;
mod request_body;
#[cfg(feature = "rocket")]
pub mod rocket;
mod route;
mod routes;
#[cfg(feature = "salvo")]
pub mod salvo;
mod seen;
mod sending;
mod sent;
#[cfg(feature = "serve")]
mod serve;
mod tee;
mod telling;
#[cfg(any(
    feature = "actix",
    feature = "poem",
    feature = "rocket",
    feature = "salvo"
))]
mod template;
mod unwrapped;
mod url;
mod verdict;
#[cfg(feature = "serve")]
mod websocket;

#[cfg(feature = "admin")]
pub use admin::{Admin, AdminFuture, admin};
pub use body::MonitoredBody;
#[cfg(feature = "client")]
pub use client::*;
pub use forwarded::{ForwardedHeader, InvalidProxy, TrustedProxies};
pub use future::ResponseFuture;
pub use handler::monitored_handler;
pub use layer::{MonitoringLayer, MonitoringService};
pub use request_body::MonitoredRequestBody;
pub use routes::Slow;
#[cfg(feature = "serve")]
pub use serve::{BodyTimeout, Serve, ServeFuture, serve};
#[cfg(feature = "tls")]
pub use serve::{TlsError, tls_config};

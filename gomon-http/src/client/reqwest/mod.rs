//! reqwest's client.
//!
//! # When do its events start and end?
//!
//! - One `http-roundtripper` for each request that is sent. It starts when the request is sent and ends
//!   with the body of the response, as with any client.
//! - With a client [made from a builder](ReqwestExt), each hop of a redirect is one of its own, and
//!   they are siblings. A hop that is followed ends with its head: nobody wants its body.
//! - A client that [was there](ReqwestExt) follows redirects itself, where nobody sees it: the whole
//!   chain is one event, with the URL it began with and the answer it ended with.

mod client;
mod connect;
mod exchange;
mod ext;
#[cfg(feature = "client-tls")]
mod handshake;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
mod proxy;
mod redirect;
mod request;
mod resolve;

pub use client::MonitoredClient;
pub use connect::{ConnectorLayer, ObservedConnecting, ObservedConnector};
pub use ext::{ReqwestExt, monitored_with_resolver};
#[cfg(feature = "client-tls")]
pub use handshake::observe_handshakes;
#[cfg(feature = "reqwest-middleware")]
pub use middleware::MonitoringMiddleware;
pub use proxy::monitored_proxy;
pub use request::MonitoredRequestBuilder;

//! Clients: a layer for each request that is sent, and wrappers of what it waits for before that.
//!
//! # When do its events start and end?
//!
//! - `http-roundtripper` is one request, as [in the crate's
//!   documentation](crate#when-does-its-event-start-and-end).
//! - `dns-lookup` is one question to a [`MonitoredResolver`]: from the call to its answer.
//! - `http-trp-dialctx` is one connection that a [`MonitoredConnector`] makes: from the call, the
//!   look-up of its name included, until it is there.
//! - `http-trp-dialtls` is one handshake: from its beginning, on a connection that is there, to its
//!   end.
//! - `http-trp-proxy` is one choice of a proxy.
//!
//! All but the first are children of the request that began them. A connection that is given to
//! another request, or to none, still belongs to the one that asked for it; it may be there only
//! after that has ended. Each is `failed` with the error, and `cancelled` if it is dropped before
//! it is done.

mod attempts;
mod cause;
mod conn;
mod connector;
mod hosts;
mod layer;
mod phases;
#[cfg(feature = "client-proxy")]
mod proxy;
#[cfg(any(feature = "client-proxy", feature = "reqwest"))]
mod proxy_choice;
mod ready;
#[cfg(feature = "reqwest")]
mod reqwest;
mod resolver;
mod side;
mod step;
#[cfg(feature = "client-tls")]
mod stream;
#[cfg(feature = "client-tls")]
mod tls;
#[cfg(feature = "tonic")]
mod tonic;

#[cfg(feature = "reqwest")]
pub use self::reqwest::*;
#[cfg(feature = "tonic")]
pub use self::tonic::MonitoringChannel;
pub use attempts::{Attempts, CountedAttempts};
pub use conn::MonitoredConn;
pub use connector::{Connecting, MonitoredConnector};
pub use layer::{ClientLayer, ClientService};
pub(crate) use phases::{Mark, Phases};
#[cfg(feature = "client-proxy")]
pub use proxy::ProxyConnector;
pub use ready::{ReadyBody, ReadyClient, ReadyConnector, client};
pub use resolver::{MonitoredResolver, Resolving};
pub(crate) use side::ClientSide;
#[cfg(feature = "client-tls")]
pub use stream::MaybeTlsConn;
#[cfg(feature = "client-tls")]
pub use tls::TlsConnector;

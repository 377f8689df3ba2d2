//! Fingerprints and keys of the events of this crate, spelled as in the event contract.

/// A request that a [`MonitoringLayer`](crate::MonitoringLayer) served.
pub(crate) const SERVER_REQUEST: &str = "http-wmux-servehttp";
/// A request that one monitored handler served.
pub(crate) const HANDLER_REQUEST: &str = "http-wmux-handler";
/// A request that a [`ClientLayer`](crate::ClientLayer) sent.
#[cfg(feature = "client")]
pub(crate) const CLIENT_REQUEST: &str = "http-roundtripper";
#[cfg(feature = "client")]
pub(crate) use client::*;

pub(crate) const DIRECTION: &str = "direction";
pub(crate) const METHOD: &str = "method";
pub(crate) const URL: &str = "url";
pub(crate) const PROTO: &str = "proto";
pub(crate) const ROUTE: &str = "route";
pub(crate) const HEADERS: &str = "headers";
pub(crate) const REMOTE_ADDRESS: &str = "remoteaddr";
pub(crate) const CLIENT_IP: &str = "client-ip";
pub(crate) const QUEUE: &str = "queue";
pub(crate) const SLOW: &str = "slow";
pub(crate) const CONTENT_LENGTH: &str = "content-length";
pub(crate) const ENCODING: &str = "encoding";
pub(crate) const CLOSE: &str = "close";
pub(crate) const CONN: &str = "conn";
pub(crate) const REQUEST_BODY: &str = "request_body";
pub(crate) const REQUEST_SIZE: &str = "request_size";
pub(crate) const RESPONSE_CODE: &str = "response_code";
pub(crate) const RESPONSE_HEADERS: &str = "response_headers";
pub(crate) const RESPONSE_BODY: &str = "response_body";
pub(crate) const RESPONSE_SIZE: &str = "response_size";
pub(crate) const FIRST_BYTE: &str = "first-byte";
#[cfg(feature = "client")]
pub(crate) const BODY_DONE: &str = "body-done";
pub(crate) const HIJACK: &str = "hijack";

/// What only clients have.
#[cfg(feature = "client")]
mod client {
    /// A connection that is made.
    pub(crate) const DIAL: &str = "http-trp-dialctx";
    /// A TLS handshake.
    #[cfg(feature = "client-tls")]
    pub(crate) const HANDSHAKE: &str = "http-trp-dialtls";
    /// A name that is looked up.
    pub(crate) const LOOKUP: &str = "dns-lookup";

    /// A proxy that is chosen.
    #[cfg(any(feature = "client-proxy", feature = "reqwest"))]
    pub(crate) const PROXY: &str = "http-trp-proxy";
    #[cfg(any(feature = "client-proxy", feature = "reqwest"))]
    pub(crate) const PROXY_PATH: &str = "proxy-path";

    pub(crate) const GET_CONN: &str = "get-conn";
    pub(crate) const DNS_START: &str = "dns-start";
    pub(crate) const DNS_DONE: &str = "dns-done";
    pub(crate) const CONN_START: &str = "conn-start";
    pub(crate) const CONN_DONE: &str = "conn-done";
    pub(crate) const TLS_START: &str = "tls-hand-start";
    pub(crate) const TLS_DONE: &str = "tls-hand-done";
    pub(crate) const GOT_CONN: &str = "got-conn";
    pub(crate) const WROTE_REQUEST: &str = "wrote-request";
    pub(crate) const REUSED: &str = "reused";
    pub(crate) const ATTEMPT: &str = "attempt";
    pub(crate) const NET: &str = "net";
    pub(crate) const ADDR: &str = "addr";
    pub(crate) const ADDRS: &str = "addrs";
    pub(crate) const NAME: &str = "name";
    #[cfg(feature = "client-tls")]
    pub(crate) const VERSION: &str = "version";
    #[cfg(any(feature = "client-tls", feature = "reqwest"))]
    pub(crate) const ALPN: &str = "alpn";
    #[cfg(feature = "client-tls")]
    pub(crate) const SNI: &str = "sni";

    /// Values of `net`.
    pub(crate) mod net {
        pub(crate) const TCP: &str = "tcp";
    }
}

#[cfg(feature = "serve")]
pub(crate) const WS: &str = "ws";
pub(crate) const GRPC: &str = "grpc";

/// Inside `ws`.
#[cfg(feature = "serve")]
pub(crate) mod ws {
    pub(crate) const MESSAGES_IN: &str = "messages-in";
    pub(crate) const MESSAGES_OUT: &str = "messages-out";
    pub(crate) const BYTES_IN: &str = "bytes-in";
    pub(crate) const BYTES_OUT: &str = "bytes-out";
    pub(crate) const CLOSE_CODE: &str = "close-code";
}

/// Inside `grpc`.
pub(crate) mod grpc {
    pub(crate) const SERVICE: &str = "service";
    pub(crate) const METHOD: &str = "method";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const MESSAGES_IN: &str = "messages-in";
    pub(crate) const MESSAGES_OUT: &str = "messages-out";
}

/// Inside `url`.
pub(crate) mod url {
    pub(crate) const SCHEME: &str = "scheme";
    pub(crate) const HOST: &str = "host";
    pub(crate) const PATH: &str = "path";
    pub(crate) const QUERY: &str = "query";
}

/// Values of `direction`.
pub(crate) mod direction {
    pub(crate) const INCOMING: &str = "incoming";
    #[cfg(feature = "client")]
    pub(crate) const OUTGOING: &str = "outgoing";
}

/// Value of `route` where routing ran and found none.
#[cfg(any(
    feature = "actix",
    feature = "axum",
    feature = "poem",
    feature = "rocket",
    feature = "salvo"
))]
pub(crate) const UNMATCHED: &str = "unmatched";

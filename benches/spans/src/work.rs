//! What every arm does: the shapes, the inputs, and the sink.

use std::hint::black_box;
use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Operations of one burst.
pub(crate) const BURST: u64 = 1024;

/// Children under one root in [`Workload::Attributes`].
const CHILDREN: u64 = 64;

/// The shapes. An operation is one root with its children, but one child in `Attributes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// w1: a root and a child, without attributes.
    Pair,
    /// w2: a child with 8 attributes; a root for every [`CHILDREN`] of them.
    Attributes,
    /// w3: a root with 10 attributes and three children with 4 each.
    Request,
    /// w4: the same, written as JSON lines.
    Json,
    /// w5: the same, disabled.
    Disabled,
}

impl Workload {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "w1" => Self::Pair,
            "w2" => Self::Attributes,
            "w3" => Self::Request,
            "w4" => Self::Json,
            "w5" => Self::Disabled,
            _ => return None,
        })
    }

    /// Events an operation that the sink has to see.
    pub(crate) fn events(self) -> f64 {
        match self {
            Self::Pair => 2.0,
            Self::Attributes => 1.0 + 1.0 / CHILDREN as f64,
            Self::Request | Self::Json | Self::Disabled => 4.0,
        }
    }

    /// Events of one burst that the sink has to see.
    pub(crate) fn events_of_burst(self) -> u64 {
        match self {
            Self::Pair => 2 * BURST,
            Self::Attributes => BURST + BURST / CHILDREN,
            Self::Request | Self::Json | Self::Disabled => 4 * BURST,
        }
    }

    /// One burst: `pair` makes a root and its child, `children` a root with so many children of 8 attributes, `request`
    /// a request trace.
    #[inline(always)]
    pub(crate) fn burst(self, pair: impl Fn(), children: impl Fn(u64), request: impl Fn()) {
        match self {
            Self::Pair => (0..BURST).for_each(|_| pair()),
            Self::Attributes => (0..BURST / CHILDREN).for_each(|_| children(CHILDREN)),
            Self::Request | Self::Json | Self::Disabled => (0..BURST).for_each(|_| request()),
        }
    }
}

/// The strings of a request. Arms borrow them, so one that keeps them past the call has to copy them, as it has to with
/// a real request.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) agent: String,
    pub(crate) client: String,
    pub(crate) sql: String,
}

static REQUEST: LazyLock<Request> = LazyLock::new(|| Request {
    path: "/users/1234567".into(),
    host: "api.example.com:8080".into(),
    agent: "Mozilla/5.0 (X11; Linux x86_64) wrk/4.1.0".into(),
    client: "192.168.10.23".into(),
    sql: "SELECT id, name, email FROM users WHERE id = ?".into(),
});

#[inline(always)]
pub(crate) fn request() -> &'static Request {
    black_box(&*REQUEST)
}

/// The 8 attributes of w2, made of the four functions given: a pair, a fixed text, a text of the request, a number.
macro_rules! eight_attributes {
    ($pair:expr, $fixed:expr, $text:expr, $number:expr) => {{
        let request = crate::work::request();
        [
            $pair("http.request.method", $fixed("GET")),
            $pair("url.path", $text(request.path.as_str())),
            $pair("http.response.status_code", $number(200)),
            $pair("http.route", $fixed("/users/{id}")),
            $pair("url.scheme", $fixed("https")),
            $pair("server.address", $text(request.host.as_str())),
            $pair("user_agent.original", $text(request.agent.as_str())),
            $pair("client.address", $text(request.client.as_str())),
        ]
    }};
}

/// The 10 attributes of the root of w3.
macro_rules! ten_attributes {
    ($pair:expr, $fixed:expr, $text:expr, $number:expr) => {{
        let request = crate::work::request();
        [
            $pair("http.request.method", $fixed("GET")),
            $pair("url.path", $text(request.path.as_str())),
            $pair("http.response.status_code", $number(200)),
            $pair("http.route", $fixed("/users/{id}")),
            $pair("url.scheme", $fixed("https")),
            $pair("server.address", $text(request.host.as_str())),
            $pair("user_agent.original", $text(request.agent.as_str())),
            $pair("client.address", $text(request.client.as_str())),
            $pair("http.request.body.size", $number(512)),
            $pair("network.protocol.version", $fixed("1.1")),
        ]
    }};
}

/// The 4 attributes of each child of w3.
macro_rules! four_attributes {
    ($pair:expr, $fixed:expr, $text:expr, $number:expr) => {{
        [
            $pair("db.system.name", $fixed("sqlite")),
            $pair("db.query.text", $text(crate::work::request().sql.as_str())),
            $pair("db.response.returned_rows", $number(10)),
            $pair("db.operation.name", $fixed("SELECT")),
        ]
    }};
}

pub(crate) use {eight_attributes, four_attributes, ten_attributes};

static DELIVERED: AtomicU64 = AtomicU64::new(0);

/// Called by the last step of every arm: so many events arrived.
pub(crate) fn deliver(events: u64) {
    DELIVERED.fetch_add(events, SeqCst);
}

pub(crate) fn delivered() -> u64 {
    DELIVERED.load(SeqCst)
}

/// Where JSON lines go.
pub(crate) fn write_lines(lines: &[u8]) {
    std::io::sink()
        .write_all(black_box(lines))
        .expect("a sink takes everything");
}

/// For arms whose background cannot be asked to flush.
pub(crate) fn wait_for_delivery_of(events: u64) {
    while delivered() < events {
        std::thread::sleep(Duration::from_micros(50));
    }
}

//! The application, under each layer.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::get;
use gomon::http::MonitoringLayer;
use gomon::{Capture, Event};
use tower::layer::util::Identity;

use crate::floor::FloorLayer;
use crate::floor_whole::FloorWholeLayer;
use crate::peers;

/// What is asked, and of which router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 3 headers, 2 routes.
    Short,
    /// The same with a `traceparent`.
    Traceparent,
    /// 12 request and 6 response headers, a query string, 100 routes.
    Headers,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "oneshot" => Self::Short,
            "oneshot-traceparent" => Self::Traceparent,
            "oneshot-headers" => Self::Headers,
            _ => return None,
        })
    }

    pub(crate) fn uri(self) -> &'static str {
        match self {
            Self::Short | Self::Traceparent => "/users/1234567",
            Self::Headers => "/service50/users/1234567?page=2&sort=name&fields=id,name,email",
        }
    }
}

pub(crate) type Flush = Box<dyn Fn() + Send + Sync>;

/// A router under a layer.
pub(crate) struct App {
    pub(crate) router: Router,
    /// Waits until the layer's events have reached the sink.
    pub(crate) flush: Flush,
    /// `None` for a layer that sends none.
    pub(crate) events_per_request: Option<f64>,
}

impl App {
    pub(crate) fn new(arm: &str, kind: Kind) -> Option<Self> {
        let router = match kind {
            Kind::Short | Kind::Traceparent => small_router(),
            Kind::Headers => large_router(),
        };
        Some(match arm {
            "plain" => Self::silent(router),
            "identity" => Self::silent(router.layer(Identity::new())),
            // The floors hand their records over by themselves, 256 at a time.
            "floor" => Self::telling(router.layer(FloorLayer), Box::new(|| ())),
            "floor_whole" => Self::telling(router.layer(FloorWholeLayer), Box::new(|| ())),
            "gomon" => {
                start_gomon();
                let flush = || gomon::flush(Duration::from_secs(10)).expect("the sink keeps up");
                Self::telling(router.layer(MonitoringLayer::new()), Box::new(flush))
            }
            "gomon_off" => {
                start_gomon();
                gomon::disable();
                Self::silent(router.layer(MonitoringLayer::new()))
            }
            _ => return peers::app(arm, router),
        })
    }

    pub(crate) fn silent(router: Router) -> Self {
        Self {
            router: router.with_state(()),
            flush: Box::new(|| ()),
            events_per_request: None,
        }
    }

    pub(crate) fn telling(router: Router, flush: Flush) -> Self {
        Self {
            router: router.with_state(()),
            flush,
            events_per_request: Some(1.0),
        }
    }
}

fn small_router() -> Router {
    let hello = || async {
        count_request();
        "Hello, World!"
    };
    Router::new()
        .route("/", get(hello))
        .route("/users/{id}", get(user))
}

fn large_router() -> Router {
    (0..100).fold(Router::new(), |router, number| {
        let path = format!("/service{number}/users/{{id}}");
        router.route(&path, get(user_with_headers))
    })
}

async fn user(Path(id): Path<u64>) -> &'static str {
    count_request();
    if id == 0 { "zero" } else { "Hello, World!" }
}

/// axum adds two headers of its own.
async fn user_with_headers(Path(id): Path<u64>) -> impl IntoResponse {
    count_request();
    let headers = AppendHeaders([
        ("cache-control", "no-store"),
        ("set-cookie", "session=0123456789abcdef; HttpOnly"),
        ("vary", "accept-encoding"),
        ("x-request-id", "5f0c8a52-8f1e-4c1b-9d7a-0a4b4d7a7d11"),
    ]);
    (headers, if id == 0 { "zero" } else { "Hello, World!" })
}

/// Both settings are the defaults; they are named because the goals name them.
fn start_gomon() {
    let started = gomon::builder()
        .application_id("bench")
        .capture(Capture::safe())
        .listener(|event: &Event| {
            if event.fp() == "http-wmux-servehttp" {
                deliver(1);
            }
        })
        .start();
    std::mem::forget(started.expect("gomon starts once a process"));
}

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static DELIVERED: AtomicU64 = AtomicU64::new(0);

fn count_request() {
    REQUESTS.fetch_add(1, SeqCst);
}

/// Requests that a handler answered.
pub(crate) fn requests() -> u64 {
    REQUESTS.load(SeqCst)
}

/// Called by the last step of every arm: so many events arrived.
pub(crate) fn deliver(events: u64) {
    DELIVERED.fetch_add(events, SeqCst);
}

pub(crate) fn delivered() -> u64 {
    DELIVERED.load(SeqCst)
}

//! What an event shows of the headers and the address of a request, through the layer. The input is the headers' values.
//!
//! Whatever comes: no panic, and the request is answered; nothing of a header with a secret name, of user-info or of a secret
//! parameter of a URL, or of a secret member of `baggage`, in the event.
#![no_main]

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gomon_core::{Capture, Event};
use gomon_http::{MonitoredRequestBody, MonitoringLayer};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Empty;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tower::{Layer, Service};

fuzz_target!(|headers: Vec<Header>| {
    start();
    let mut request = Request::get("http://joe:Q!Q@h/a?token=Q!Q&b=c");
    for header in headers.iter().take(16) {
        if let Some((name, value)) = header.parts() {
            request = request.header(name, value);
        }
    }
    let Ok(request) = request.body(Body::new()) else {
        return;
    };
    let layer = MonitoringLayer::new().capture(Capture::full());
    let answer = tower::service_fn(async |_: Request<MonitoredRequestBody<Body>>| {
        Ok::<_, Infallible>(Response::new(Body::new()))
    });
    let mut service = layer.layer(answer);
    let call = pin!(service.call(request));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(
        matches!(call.poll(&mut cx), Poll::Ready(Ok(_))),
        "it is answered at once"
    );
    // Many at a time: to wait for the bus is what takes long.
    if CALLS.fetch_add(1, Ordering::Relaxed) % 64 == 63 {
        gomon_core::flush(Duration::from_secs(10)).expect("the listener takes its events");
    }
    if let Some(found) = FOUND.lock().unwrap().take() {
        panic!("a secret came out: {found}");
    }
});

type Body = Empty<&'static [u8]>;

#[derive(Arbitrary, Debug)]
struct Header {
    kind: u8,
    value: Vec<u8>,
}

impl Header {
    /// Nothing but secrets has `Q!`: other values have no `Q`, and those in base64 no `!`.
    fn parts(&self) -> Option<(HeaderName, HeaderValue)> {
        let mut value: Vec<u8> = self
            .value
            .iter()
            .copied()
            .filter(|byte| *byte != b'Q')
            .collect();
        let word: String = value
            .iter()
            .filter(|byte| byte.is_ascii_lowercase())
            .map(|byte| char::from(*byte))
            .collect();
        let name = match self.kind % 8 {
            0 => {
                value.extend(b"Q!");
                [
                    "authorization",
                    "cookie",
                    "x-api-key",
                    "proxy-authorization",
                    "x-csrf-token",
                ][usize::from(self.kind / 8) % 5]
            }
            1 => {
                value = format!("https://{word}:Q!Q@h/{word}?{word}").into_bytes();
                ["referer", "origin", "location", "x-original-url"][usize::from(self.kind / 8) % 4]
            }
            2 => {
                value = format!("/{word}?{word}=b&{word}password=Q!#key=Q!").into_bytes();
                "x-forwarded-uri"
            }
            3 => {
                value = format!("{word}=1, {word}token=Q!;a, b=2").into_bytes();
                "baggage"
            }
            4 => {
                value = format!("{word}:Q!@h:80").into_bytes();
                "host"
            }
            5 => "x-any",
            6 => "traceparent",
            _ => "x-request-start",
        };
        let value = HeaderValue::from_bytes(&value).ok()?;
        Some((HeaderName::from_static(name), value))
    }
}

static CALLS: AtomicU64 = AtomicU64::new(0);
static FOUND: Mutex<Option<String>> = Mutex::new(None);

fn start() {
    static STARTED: OnceLock<gomon_core::Gomon> = OnceLock::new();
    STARTED.get_or_init(|| {
        let look = |event: &Event| {
            if event.fp() == "http-wmux-servehttp" {
                let line = event.to_json();
                if line.contains("Q!") {
                    *FOUND.lock().unwrap() = Some(line);
                }
            }
        };
        let builder = gomon_core::builder().application_id("fuzz");
        builder.listener(look).start().expect("gomon starts")
    });
}

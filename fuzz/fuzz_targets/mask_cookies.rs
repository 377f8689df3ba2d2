//! What an event shows of the cookies of a request and its answer, through the layer, and what the maskers of text show of cookies
//! in a body or a URL. The input is the headers, and which names are masked.
//!
//! Whatever comes: no panic, and the request is answered; a header whose name is masked, or whose value is marked as sensitive, is
//! there as often as it was sent, with `[redacted]` in the place of all its value, the names and attributes of the cookies
//! included, and nothing of it is anywhere else in the event; other headers are shown to the letter; a request with what the event
//! shows has the same in its own event. In text, of a cookie with a secret name the name is left, and of those before it everything.
#![no_main]

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gomon_core::mask::{NameMask, REDACTED, json, query, url};
use gomon_core::{Capture, Event};
use gomon_http::{MonitoredRequestBody, MonitoringLayer};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::Empty;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use tower::{Layer, Service};

fuzz_target!(|input: Input| {
    start();
    let mask = &MASKS[usize::from(input.mask) % MASKS.len()];
    let sides = [&input.asked, &input.answered];
    let [asked, answered] = sides.map(|cookies| headers(cookies));
    let line = event_of(mask, &asked, &answered);
    let event: Value = serde_json::from_str(&line).expect("an event is JSON");
    let [asked_shown, answered_shown] = shown(&event);
    assert_eq!(asked_shown, expected(mask, &asked), "{asked:?}");
    assert_eq!(answered_shown, expected(mask, &answered), "{answered:?}");
    let is_hidden = |(name, value): (&HeaderName, &HeaderValue)| hides(mask, name, value);
    if asked.iter().chain(&answered).all(is_hidden) {
        assert!(!line.contains("Q!"), "a secret came out: {line}");
    }

    let [asked, answered] = [&asked_shown, &answered_shown].map(again);
    let event: Value = serde_json::from_str(&event_of(mask, &asked, &answered)).expect("JSON");
    assert_eq!(shown(&event), [asked_shown, answered_shown]);

    for cookie in sides.into_iter().flatten() {
        in_text(cookie);
    }
});

type Body = Empty<&'static [u8]>;

#[derive(Arbitrary, Debug)]
struct Input {
    mask: u8,
    asked: Vec<Cookies>,
    answered: Vec<Cookies>,
}

/// One header. Each of its parts is a part of a secret.
#[derive(Arbitrary, Debug)]
struct Cookies {
    header: u8,
    sensitive: bool,
    name: Vec<u8>,
    value: Vec<u8>,
    attribute: u8,
    /// Takes the place of all these, if it is not empty.
    raw: Vec<u8>,
}

impl Cookies {
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let name = HEADERS[usize::from(self.header) % HEADERS.len()];
        let mut value = match self.raw.is_empty() {
            true => [
                &self.name,
                &b"=Q!"[..],
                &self.value,
                ATTRIBUTES[usize::from(self.attribute) % ATTRIBUTES.len()].as_bytes(),
            ]
            .concat(),
            false => [&self.raw, &b"Q!"[..]].concat(),
        };
        value.retain(|byte| *byte >= b' ' && *byte != 0x7f);
        // No value is cut in the event.
        value.truncate(4 << 10);
        let mut value = HeaderValue::from_bytes(&value).ok()?;
        value.set_sensitive(self.sensitive);
        Some((HeaderName::from_static(name), value))
    }
}

fn headers(cookies: &[Cookies]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in cookies.iter().take(6).filter_map(Cookies::header) {
        headers.append(name, value);
    }
    headers
}

/// The event of a request with these headers that is answered with those.
fn event_of(mask: &Mask, asked: &HeaderMap, answered: &HeaderMap) -> String {
    let names = mask.patterns.map_or_else(NameMask::default, |patterns| {
        NameMask::new(patterns.iter().copied())
    });
    let layer = MonitoringLayer::new().capture(Capture::full().with_mask(names));
    let answer = tower::service_fn(async |_: Request<MonitoredRequestBody<Body>>| {
        let mut response = Response::new(Body::new());
        *response.headers_mut() = answered.clone();
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::new(Body::new());
    *request.headers_mut() = asked.clone();
    let mut service = layer.layer(answer);
    let call = pin!(service.call(request));
    let Poll::Ready(Ok(response)) = call.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it is not answered at once");
    };
    assert_eq!(response.headers(), answered, "the answer is passed on");
    drop(response);
    gomon_core::flush(Duration::from_secs(10)).expect("the listener takes its events");
    LAST.lock().unwrap().take().expect("an event")
}

/// What the event has of both sides' headers.
fn shown(event: &Value) -> [Map<String, Value>; 2] {
    ["headers", "response_headers"].map(|key| event[key].as_object().cloned().unwrap_or_default())
}

/// What it has to have.
fn expected(mask: &Mask, sent: &HeaderMap) -> Map<String, Value> {
    let values = |name: &HeaderName| {
        let values = sent.get_all(name).iter();
        let values = values.map(|value| match hides(mask, name, value) {
            true => Value::from(REDACTED),
            false => Value::from(as_shown(value.as_bytes())),
        });
        values.collect::<Value>()
    };
    sent.keys()
        .map(|name| (name.to_string(), values(name)))
        .collect()
}

fn hides(mask: &Mask, name: &HeaderName, value: &HeaderValue) -> bool {
    value.is_sensitive() || mask.hidden.contains(&name.as_str())
}

/// Bytes that are no text are shown in base64 (RFC 4648, section 4).
fn as_shown(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if let Ok(text) = str::from_utf8(bytes) {
        return text.to_owned();
    }
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | u32::from(*chunk.get(at).unwrap_or(&0))
        });
        (0..4).map(move |at| match at <= chunk.len() {
            true => char::from(DIGITS[(bits >> (18 - 6 * at)) as usize % 64]),
            false => '=',
        })
    });
    digits.collect()
}

/// The headers that an event shows, as somebody would send them.
fn again(shown: &Map<String, Value>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in shown {
        let name: HeaderName = name.parse().expect("a name");
        for value in values.as_array().expect("a list") {
            let value = value.as_str().expect("a text").as_bytes();
            let value = HeaderValue::from_bytes(value).expect("a value");
            headers.append(name.clone(), value);
        }
    }
    headers
}

/// Cookies in the text of a body or a URL.
fn in_text(cookie: &Cookies) {
    let names = NameMask::default();
    let text = String::from_utf8_lossy(&cookie.raw);
    // No secret name is of these letters.
    let plain = |bytes: &[u8]| -> String {
        let letters = bytes.iter().filter(|byte| (b'a'..=b'f').contains(byte));
        letters.map(|byte| char::from(*byte)).collect()
    };
    let (name, value) = (plain(&cookie.name), plain(&cookie.value));
    let secret = SECRET[usize::from(cookie.header) % SECRET.len()];
    let before = format!("{name}={value}; {name}{secret}=");
    let rest: String = text.chars().filter(|c| *c != '&').collect();
    let list = format!("{before}Q!{rest}; Path=/; {name}={value}");

    for masked in [&list, &*text].map(|text| query(text, &names)) {
        assert_eq!(query(&masked, &names), masked, "{text:?}");
    }
    assert_eq!(query(&list, &names), format!("{before}{REDACTED}"));
    let address = format!("https://h/{name}?{}", list.replace('#', "%23"));
    let masked = url(&address, &names);
    assert_eq!(masked, format!("https://h/{name}?{before}{REDACTED}"));

    for key in ["cookie", "Set-Cookie", "cookies"] {
        let body = serde_json::json!({ "a": &name, key: [&list, &*text] }).to_string();
        let masked = json(body.as_bytes(), &names).expect("it is whole");
        assert_eq!(
            masked,
            serde_json::json!({ "a": &name, key: REDACTED }).to_string()
        );
    }
}

static LAST: Mutex<Option<String>> = Mutex::new(None);

fn start() {
    static STARTED: OnceLock<gomon_core::Gomon> = OnceLock::new();
    STARTED.get_or_init(|| {
        let look = |event: &Event| {
            if event.fp() == "http-wmux-servehttp" {
                *LAST.lock().unwrap() = Some(event.to_json());
            }
        };
        let builder = gomon_core::builder().application_id("fuzz");
        builder.listener(look).start().expect("gomon starts")
    });
}

/// Patterns, none for the default ones, and which of `HEADERS` they hide.
struct Mask {
    patterns: Option<&'static [&'static str]>,
    hidden: &'static [&'static str],
}

const MASKS: [Mask; 4] = [
    Mask {
        patterns: None,
        hidden: &["cookie", "set-cookie", "cookie2", "x-cookie-consent"],
    },
    Mask {
        patterns: Some(&["*COOKIE"]),
        hidden: &["cookie", "set-cookie"],
    },
    Mask {
        patterns: Some(&["set-*", "x-*-c*"]),
        hidden: &["set-cookie", "x-cookie-consent"],
    },
    Mask {
        patterns: Some(&[]),
        hidden: &[],
    },
];

const HEADERS: [&str; 5] = [
    "cookie",
    "set-cookie",
    "cookie2",
    "x-cookie-consent",
    "x-crumb",
];

const ATTRIBUTES: [&str; 5] = [
    "",
    "; Path=/Q!; HttpOnly",
    "; Q!=Q!; b=\"Q!\"",
    "; Domain=Q!.example; Secure; SameSite=Lax",
    "; Max-Age=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT; Q!",
];

const SECRET: [&str; 4] = ["session", "JSESSIONID", "x-token", "api_key"];

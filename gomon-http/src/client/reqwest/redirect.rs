//! Redirects, followed where each hop can be seen.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderName, LOCATION,
    PROXY_AUTHORIZATION, REFERER, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Body, Request, Url};

/// Who follows redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// reqwest, by its own policy.
    Inside,
    /// We do, so often at most.
    Limited(usize),
}

/// reqwest's own.
pub(crate) const DEFAULT_LIMIT: usize = 10;

/// The policy of a client whose redirects we follow: it follows none, and says when there are too
/// many, because only reqwest can make its errors.
pub(crate) fn policy() -> Policy {
    Policy::custom(|attempt| match LAST.get() {
        true => attempt.error(TooManyRedirects),
        false => attempt.stop(),
    })
}

/// Runs one poll of a hop; after the `last` one no other is allowed.
pub(crate) fn poll_hop<R>(last: bool, poll: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            LAST.set(self.0);
        }
    }
    let _restore = Restore(LAST.replace(last));
    poll()
}

thread_local! {
    static LAST: Cell<bool> = const { Cell::new(false) };
}

/// What a hop was, for the next one.
pub(crate) struct Hop {
    request: Request,
    /// What it was sent with; a stream can be sent once only.
    body: Sent,
}

enum Sent {
    Nothing,
    Again,
    Once,
}

impl Hop {
    /// Keeps what can be sent again.
    pub(crate) fn of(request: &Request) -> Self {
        let body = match request.body() {
            None => Sent::Nothing,
            Some(body) if body.as_bytes().is_some() => Sent::Again,
            Some(_) => Sent::Once,
        };
        let request = request.try_clone().unwrap_or_else(|| {
            let mut head = Request::new(request.method().clone(), request.url().clone());
            *head.headers_mut() = request.headers().clone();
            *head.version_mut() = request.version();
            *head.timeout_mut() = request.timeout().copied();
            head
        });
        Self { request, body }
    }

    /// The request that an answer redirects to; nothing if it does not, or if what would have to be
    /// sent is gone.
    ///
    /// Methods, bodies and headers change as they do in reqwest: POST becomes GET by 301 and 302, all but
    /// HEAD by 303 (RFC 9110, section 15.4), and credentials stay with their host.
    pub(crate) fn next(
        self,
        status: StatusCode,
        headers: &HeaderMap,
        spent: Duration,
    ) -> Option<Request> {
        let Self { mut request, body } = self;
        let method = request.method().clone();
        let without_body = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if method == Method::POST => true,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => false,
            StatusCode::SEE_OTHER => true,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
            _ => return None,
        };
        if without_body {
            if method != Method::HEAD {
                *request.method_mut() = Method::GET;
            }
            *request.body_mut() = None::<Body>;
            for name in [
                CONTENT_TYPE,
                CONTENT_LENGTH,
                CONTENT_ENCODING,
                TRANSFER_ENCODING,
            ] {
                request.headers_mut().remove(name);
            }
        } else if matches!(body, Sent::Once) {
            return None;
        }
        let location = str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?;
        let next = request.url().join(location).ok()?;
        let previous = std::mem::replace(request.url_mut(), next);
        leave_behind(&mut request, &previous);
        if let Some(timeout) = request.timeout_mut() {
            *timeout = timeout.saturating_sub(spent);
        }
        Some(request)
    }
}

/// Credentials stay with their host; the next one learns where the request comes from, unless that
/// was secret.
fn leave_behind(request: &mut Request, previous: &Url) {
    let next = request.url().clone();
    let elsewhere = next.host_str() != previous.host_str()
        || next.port_or_known_default() != previous.port_or_known_default()
        || next.scheme() != previous.scheme();
    if elsewhere {
        for name in [
            AUTHORIZATION,
            COOKIE,
            HeaderName::from_static("cookie2"),
            PROXY_AUTHORIZATION,
            WWW_AUTHENTICATE,
        ] {
            request.headers_mut().remove(name);
        }
    }
    if let Some(referer) = referer(&next, previous) {
        request.headers_mut().insert(REFERER, referer);
    }
}

fn referer(next: &Url, previous: &Url) -> Option<HeaderValue> {
    if next.scheme() == "http" && previous.scheme() == "https" {
        return None;
    }
    let mut referer = previous.clone();
    // A URL without a host has no user to leave out.
    let _ = referer.set_username("");
    let _ = referer.set_password(None);
    referer.set_fragment(None);
    referer.as_str().parse().ok()
}

/// In reqwest's words.
#[derive(Debug)]
struct TooManyRedirects;

impl fmt::Display for TooManyRedirects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many redirects")
    }
}

impl std::error::Error for TooManyRedirects {}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(method: Method, status: u16, body: Option<Body>) -> Option<Request> {
        let url = "http://ada.example/a?b=c#d".parse().expect("a URL");
        let mut request = Request::new(method, url);
        *request.body_mut() = body;
        *request.timeout_mut() = Some(Duration::from_secs(3));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"));
        let mut answer = HeaderMap::new();
        answer.insert(LOCATION, HeaderValue::from_static("//bob.example/x"));
        let status = StatusCode::from_u16(status).expect("a status");
        Hop::of(&request).next(status, &answer, Duration::from_secs(1))
    }

    #[test]
    fn a_redirected_post_becomes_a_get_unless_it_must_not() {
        for (status, method) in [
            (301, "GET"),
            (302, "GET"),
            (303, "GET"),
            (307, "POST"),
            (308, "POST"),
        ] {
            let next = next(Method::POST, status, Some("body".into())).expect("followed");
            assert_eq!(next.method().as_str(), method, "{status}");
            let has_body = next.body().is_some();
            assert_eq!(has_body, method == "POST", "{status}");
            assert_eq!(
                next.headers().contains_key(CONTENT_TYPE),
                has_body,
                "{status}"
            );
        }
        let head = next(Method::HEAD, 303, None).expect("followed");
        assert_eq!(head.method(), Method::HEAD);
    }

    #[test]
    fn credentials_stay_with_their_host() {
        let next = next(Method::GET, 302, None).expect("followed");
        assert_eq!(next.url().as_str(), "http://bob.example/x");
        assert!(!next.headers().contains_key(AUTHORIZATION));
        assert_eq!(next.headers()[REFERER], "http://ada.example/a?b=c");
        assert_eq!(next.timeout(), Some(&Duration::from_secs(2)));
    }

    #[test]
    fn what_is_no_redirect_or_cannot_be_sent_again_is_not_followed() {
        assert!(next(Method::GET, 304, None).is_none());
        let stream = || Body::wrap(http_body_util::Full::new(bytes::Bytes::from_static(b"x")));
        assert!(next(Method::POST, 307, Some(stream())).is_none());
        assert!(next(Method::POST, 302, Some(stream())).is_some());
    }
}

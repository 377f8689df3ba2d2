//! rocket's heads as those of `http`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use gomon_core::conn::ConnInfo;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body::{Body, Frame};

use crate::mark::VersionUnknown;
use crate::template::Template;

/// The request as the layer sees it.
pub(crate) fn request(sent: &rocket::Request<'_>) -> Request<Unseen> {
    let headers = headers(sent.headers());
    let mut head = Request::new(Unseen::of(&headers));
    *head.method_mut() = Method::from_bytes(sent.method().as_str().as_bytes()).unwrap_or_default();
    // HTTP/2 names the host in the address, which rocket keeps apart.
    let uri = match sent.host() {
        Some(host) if !headers.contains_key(header::HOST) => format!("http://{host}{}", sent.uri()),
        _ => sent.uri().to_string(),
    };
    *head.uri_mut() = uri.parse().unwrap_or_default();
    *head.headers_mut() = headers;
    head.extensions_mut()
        .insert(ConnInfo::new(sent.remote(), None));
    head.extensions_mut().insert(VersionUnknown);
    head
}

/// What is needed of it to tell the route later.
pub(crate) fn unrouted<B>(head: &Request<B>) -> Request<()> {
    let mut kept = Request::new(());
    *kept.method_mut() = head.method().clone();
    *kept.uri_mut() = head.uri().clone();
    if let Some(host) = head.headers().get(header::HOST) {
        kept.headers_mut().insert(header::HOST, host.clone());
    }
    kept
}

/// The template of the route that was tried last.
pub(crate) fn template(request: &rocket::Request<'_>) -> Template {
    match request.route() {
        Some(route) => Template::of_angles(route.uri.path()),
        None => Template::unmatched(),
    }
}

pub(crate) fn status(status: rocket::http::Status) -> StatusCode {
    StatusCode::from_u16(status.code).unwrap_or_default()
}

pub(crate) fn headers(sent: &rocket::http::HeaderMap<'_>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(sent.len());
    for each in sent.iter() {
        let name = HeaderName::from_bytes(each.name().as_str().as_bytes());
        let value = HeaderValue::from_bytes(each.value().as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// The body of a request, of which only the head says whether there is one.
pub(crate) struct Unseen {
    is_none: bool,
}

impl Unseen {
    fn of(headers: &HeaderMap) -> Self {
        let length = headers.get(header::CONTENT_LENGTH);
        let is_none = match length {
            Some(length) => length == "0",
            None => !headers.contains_key(header::TRANSFER_ENCODING),
        };
        Self { is_none }
    }
}

impl Body for Unseen {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.is_none
    }
}

//! Heads of actix-web, which are of `http` 0.2, as those of `http` 1.

use actix_web::dev::ServiceRequest;
use actix_web::http as old;
use gomon_core::conn::ConnInfo;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version};

use crate::actix::upload::Upload;
use crate::template::Template;

/// The request, of which the payload is taken.
pub(crate) fn request(request: &mut ServiceRequest) -> Request<Upload> {
    let mut head = Request::new(Upload::take(request));
    *head.method_mut() = method(request.method());
    *head.uri_mut() = uri(request.uri());
    *head.version_mut() = version(request.version());
    *head.headers_mut() = headers(request.headers());
    let local = request.app_config().local_addr();
    let connection = ConnInfo::new(request.peer_addr(), Some(local));
    let template = match request.match_pattern() {
        Some(pattern) => Template::of_braces(&pattern),
        None => Template::unmatched(),
    };
    head.extensions_mut().insert(connection);
    head.extensions_mut().insert(template);
    head
}

pub(crate) fn status(status: old::StatusCode) -> StatusCode {
    StatusCode::from_u16(status.as_u16()).unwrap_or_default()
}

pub(crate) fn headers(sent: &old::header::HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(sent.len());
    for (name, value) in sent {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let copied = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(mut copied)) = (name, copied) {
            copied.set_sensitive(value.is_sensitive());
            headers.append(name, copied);
        }
    }
    headers
}

/// Adds headers to those of a framework's head.
pub(crate) fn append(headers: &mut old::header::HeaderMap, added: Vec<(HeaderName, HeaderValue)>) {
    for (name, value) in added {
        let name = old::header::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = old::header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
}

fn method(method: &old::Method) -> Method {
    Method::from_bytes(method.as_str().as_bytes()).unwrap_or_default()
}

/// Nearly always a path and a query.
fn uri(uri: &old::Uri) -> Uri {
    let text = match (uri.scheme(), uri.path_and_query()) {
        (None, Some(path)) => return path.as_str().parse().unwrap_or_default(),
        _ => uri.to_string(),
    };
    text.parse().unwrap_or_default()
}

fn version(version: old::Version) -> Version {
    match version {
        old::Version::HTTP_09 => Version::HTTP_09,
        old::Version::HTTP_10 => Version::HTTP_10,
        old::Version::HTTP_2 => Version::HTTP_2,
        old::Version::HTTP_3 => Version::HTTP_3,
        _ => Version::HTTP_11,
    }
}

//! The heads of a request and a response as the layer sees them, and back.

use gomon_core::conn::ConnInfo;
use http::StatusCode;
use http_body::Body;
use salvo_core::conn::SocketAddr;
use salvo_core::http::{ReqBody, ResBody};
use salvo_core::{Request, Response};

use crate::MonitoredRequestBody;
use crate::cause::Cause;
use crate::held::Held;
use crate::salvo::boxing::Boxing;
use crate::template::Template;

/// The request, whose headers, extensions and body are lent to the layer.
pub(crate) fn lend(request: &mut Request, response: &Response) -> http::Request<ReqBody> {
    let mut head = http::Request::new(request.take_body());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = std::mem::take(request.headers_mut());
    *head.extensions_mut() = std::mem::take(request.extensions_mut());
    let template = template(request.matched_path(), response.status_code);
    head.extensions_mut().insert(template);
    if head.extensions().get::<ConnInfo>().is_none() {
        let peer = socket(request.remote_addr());
        let connection = ConnInfo::new(peer, socket(request.local_addr()));
        head.extensions_mut().insert(connection);
    }
    head
}

/// Puts the request together again, its body watched where there is one to watch.
pub(crate) fn give_back(
    request: &mut Request,
    head: http::Request<ReqBody>,
    exchange: Option<&Held>,
) {
    let (lent, body) = head.into_parts();
    *request.headers_mut() = lent.headers;
    *request.extensions_mut() = lent.extensions;
    request.replace_body(match exchange {
        Some(_) if !body.is_end_stream() => ReqBody::Boxed {
            inner: Box::pin(Boxing::of(MonitoredRequestBody::watched(body, exchange))),
            // The body inside keeps the one it has.
            fuse_config: None,
        },
        _ => body,
    });
}

/// The response, whose headers and body are lent to the layer.
pub(crate) fn lend_response(response: &mut Response) -> http::Response<ResBody> {
    let body = response.take_body();
    let status = response.status_code.unwrap_or(match &body {
        ResBody::None => StatusCode::NOT_FOUND,
        ResBody::Error(error) => error.code,
        _ => StatusCode::OK,
    });
    let cause = match &body {
        ResBody::Error(error) => Cause::of(status, &told(error)),
        _ => None,
    };
    let mut head = http::Response::new(body);
    *head.status_mut() = status;
    *head.headers_mut() = std::mem::take(response.headers_mut());
    if let Some(cause) = cause {
        head.extensions_mut().insert(cause);
    }
    head
}

/// The most that an error says of itself.
fn told(error: &salvo_core::http::StatusError) -> String {
    match (&error.cause, &error.detail) {
        (Some(cause), _) => cause.to_string(),
        (None, Some(detail)) => detail.to_string(),
        (None, None) => error.brief.to_string(),
    }
}

/// A hoop of a service runs where nothing matched, too: then the status is there before.
fn template(matched: &str, status: Option<StatusCode>) -> Template {
    let refused = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].map(Some);
    if matched.is_empty() && refused.contains(&status) {
        return Template::unmatched();
    }
    Template::of_braces(&format!("/{matched}"))
}

fn socket(address: &SocketAddr) -> Option<std::net::SocketAddr> {
    match address {
        SocketAddr::IPv4(address) => Some((*address).into()),
        SocketAddr::IPv6(address) => Some((*address).into()),
        _ => None,
    }
}

//! The head of a request as the layer sees it, and back.

use bytes::Bytes;
use gomon_core::conn::ConnInfo;
use http::{Extensions, HeaderMap, Request, Uri, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use poem::{Body, PathPattern, RequestParts};

use crate::MonitoredRequestBody;
use crate::held::Held;
use crate::template::Template;

/// A body of poem's.
pub(crate) type Boxed = BoxBody<Bytes, std::io::Error>;

/// A request whose headers and extensions are lent to the layer.
pub(crate) struct Lent {
    parts: RequestParts,
    pub(crate) head: Request<Boxed>,
}

impl Lent {
    pub(crate) fn new(request: poem::Request) -> Self {
        let socket = |address: &poem::Addr| address.as_socket_addr().copied();
        let peer = socket(&request.remote_addr().0);
        let local = socket(&request.local_addr().0);
        let uri = request.original_uri().clone();
        let (mut parts, body) = request.into_parts();
        let mut head = Request::new(Boxed::from(body));
        *head.method_mut() = parts.method.clone();
        *head.uri_mut() = uri;
        *head.version_mut() = parts.version;
        *head.headers_mut() = std::mem::take(&mut parts.headers);
        *head.extensions_mut() = std::mem::take(&mut parts.extensions);
        if let Some(template) = template(head.extensions()) {
            head.extensions_mut().insert(template);
        }
        if head.extensions().get::<ConnInfo>().is_none() {
            head.extensions_mut().insert(ConnInfo::new(peer, local));
        }
        Self { parts, head }
    }

    /// The request again, its body watched where there is one to watch.
    pub(crate) fn give_back(self, exchange: Option<&Held>) -> poem::Request {
        let Self { mut parts, head } = self;
        let (lent, body) = head.into_parts();
        (parts.headers, parts.extensions) = (lent.headers, lent.extensions);
        let body = match exchange {
            Some(_) if !body.is_end_stream() => {
                Body::from(MonitoredRequestBody::watched(body, exchange).boxed())
            }
            _ => Body::from(body),
        };
        poem::Request::from_parts(parts, body)
    }

    /// What is needed of it to tell the route later, where it is not known yet.
    pub(crate) fn unrouted(&self) -> Option<Request<()>> {
        if template(self.head.extensions()).is_some() {
            return None;
        }
        let mut kept = Request::new(());
        *kept.method_mut() = self.head.method().clone();
        *kept.uri_mut() = Uri::clone(self.head.uri());
        let host = self.head.headers().get(header::HOST).cloned();
        *kept.headers_mut() = HeaderMap::from_iter(host.map(|host| (header::HOST, host)));
        Some(kept)
    }
}

/// What poem's router matched.
pub(crate) fn template(extensions: &Extensions) -> Option<Template> {
    let pattern = extensions.get::<PathPattern>()?;
    Some(Template::of_colons(&pattern.0))
}

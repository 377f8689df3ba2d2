//! One request of reqwest's and its answer, in the terms of the layer.

use std::fmt;
use std::future::Future;

use http::{HeaderMap, Request as Head, Response as HttpResponse, StatusCode};
use reqwest::{Body, Request, Response, ResponseBuilderExt, Url};

use crate::client::attempts;
use crate::client::layer::ClientLayer;
use crate::client::side::{Sees, Sight};
use crate::held::Held;
use crate::{MonitoredBody, MonitoredRequestBody, ResponseFuture};

/// An answer that can be made reqwest's again.
pub(crate) enum Answer {
    /// Of a request without an event: as reqwest gave it.
    Unseen(Response),
    Seen(HttpResponse<MonitoredBody<Body>>),
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unseen(response) => response.status(),
            Self::Seen(response) => response.status(),
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match self {
            Self::Unseen(response) => response.headers(),
            Self::Seen(response) => response.headers(),
        }
    }

    /// Nobody wants its body.
    pub(crate) fn let_go(self) {
        if let Self::Seen(response) = self {
            response.into_body().let_go();
        }
    }

    /// reqwest's own response, with the body that ends the event.
    pub(crate) fn into_response(self) -> Response {
        match self {
            Self::Unseen(response) => response,
            Self::Seen(response) => monitored(response),
        }
    }
}

fn monitored(mut answer: HttpResponse<MonitoredBody<Body>>) -> Response {
    let url = answer.extensions_mut().remove::<AnsweredBy>();
    let (mut parts, body) = answer.into_parts();
    // Only its builder can tell reqwest the URL.
    let told = url.and_then(|AnsweredBy(url)| HttpResponse::builder().url(url).body(()).ok());
    if let Some(told) = told {
        let (told, ()) = told.into_parts();
        parts.extensions.extend(told.extensions);
    }
    Response::from(HttpResponse::from_parts(parts, Body::wrap(body)))
}

/// Opens the event of a request.
///
/// A body in memory is looked at as a whole and stays as it is, so that reqwest can send it again
/// where it has to.
pub(crate) fn observe(
    layer: &ClientLayer,
    request: &mut Request,
    sees: Sees,
    attempt: Option<&http::Extensions>,
) -> Option<Held> {
    let mut head = head(request)?;
    if let Some(extensions) = attempt {
        attempts::share(extensions, head.extensions_mut());
    }
    let exchange = layer.observe(&mut head, |_| Sight::from(sees));
    *request.headers_mut() = std::mem::take(head.headers_mut());
    if let Some(side) = exchange.as_ref().and_then(|exchange| exchange.client())
        && sees == Sees::Dials
    {
        side.phases().aim(&address(request.url()));
    }
    let body = request.body_mut().take();
    *request.body_mut() = body.map(|body| match body.as_bytes() {
        Some(bytes) => {
            if let Some(exchange) = &exchange {
                exchange.pass_whole(bytes);
            }
            body
        }
        None if exchange.is_some() => {
            Body::wrap(MonitoredRequestBody::watched(body, exchange.as_ref()))
        }
        None => body,
    });
    exchange
}

/// The head, with the headers, which have to be put back.
fn head(request: &mut Request) -> Option<Head<Has>> {
    // reqwest refuses what is no URI.
    let uri: http::Uri = request.url().as_str().parse().ok()?;
    let empty = request
        .body()
        .is_none_or(|body| body.as_bytes().is_some_and(<[u8]>::is_empty));
    let mut head = Head::new(Has { empty });
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = uri;
    *head.version_mut() = request.version();
    *head.headers_mut() = std::mem::take(request.headers_mut());
    Some(head)
}

fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
}

/// Polls what sends the request as a part of its event.
pub(crate) fn send<F, E>(
    exchange: Option<Held>,
    make: impl FnOnce() -> F,
) -> impl Future<Output = Result<Answer, E>>
where
    F: Future<Output = Result<Response, E>>,
    E: fmt::Display + 'static,
{
    let mut exchange = exchange;
    let sending = match &mut exchange {
        Some(exchange) => exchange.poll(make),
        None => make(),
    };
    async move {
        if exchange.is_none() {
            return sending.await.map(Answer::Unseen);
        }
        let sending = async move {
            let response = sending.await?;
            let url = AnsweredBy(response.url().clone());
            let mut response = HttpResponse::<Body>::from(response);
            response.extensions_mut().insert(url);
            Ok(response)
        };
        ResponseFuture::new(sending, exchange)
            .await
            .map(Answer::Seen)
    }
}

/// The URL of a response, which `http` has no place for.
#[derive(Clone)]
struct AnsweredBy(Url);

/// Whether there is a body, for those who only ask that.
struct Has {
    empty: bool,
}

impl http_body::Body for Has {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.empty
    }
}

//! The layer as a middleware.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage};
use http::{HeaderMap, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;

use crate::actix::{MonitoredMessageBody, convert};
use crate::cause::{Cause, refused};
use crate::held::Held;
use crate::mark::ServerMark;
use crate::observed::Observed;
use crate::telling::Before;
use crate::{MonitoringLayer, MonitoringService};

impl<S, B> Transform<S, ServiceRequest> for MonitoringLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<MonitoredMessageBody<B>>;
    type Error = Error;
    type Transform = MonitoringMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let layer = self.layer(());
        ready(Ok(MonitoringMiddleware { service, layer }))
    }
}

/// The service that a [`MonitoringLayer`] makes in an app of actix-web.
pub struct MonitoringMiddleware<S> {
    service: S,
    layer: MonitoringService<()>,
}

impl<S> MonitoringMiddleware<S> {
    /// Opens the event of a request, unless an outer layer has done so or gomon is off.
    fn observe(&self, request: &mut ServiceRequest) -> Option<Held> {
        if !gomon_core::is_enabled() || request.extensions().contains::<ServerMark>() {
            return None;
        }
        let mut head = convert::request(request);
        let before = Before::of(head.headers());
        let exchange = self.layer.observe(&mut head);
        convert::append(request.headers_mut(), before.added(head.headers()));
        if let Some(mark) = head.extensions().get::<ServerMark>() {
            request.extensions_mut().insert(*mark);
        }
        request.set_payload(head.into_body().into_payload(exchange.as_ref()));
        exchange
    }
}

impl<S, B> Service<ServiceRequest> for MonitoringMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<MonitoredMessageBody<B>>;
    type Error = Error;
    type Future = MonitoredFuture<S::Future>;

    fn poll_ready(&self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let exchange = self.observe(&mut request);
        MonitoredFuture {
            inner: Observed::call(exchange, || Some(self.service.call(request))),
        }
    }
}

impl<S> fmt::Debug for MonitoringMiddleware<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoringMiddleware")
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// What a [`MonitoringMiddleware`] returns: the inner service's future, polled as part of the
    /// request's event.
    ///
    /// Dropped before it is ready, the event ends as `cancelled`; a panic in it ends the event as
    /// `panicked` and goes on unwinding.
    #[must_use = "futures do nothing unless polled"]
    pub struct MonitoredFuture<F> {
        #[pin]
        inner: Observed<F>,
    }
}

impl<F, B> Future for MonitoredFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<MonitoredMessageBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let (result, exchange) = ready!(self.project().inner.poll(cx));
        Poll::Ready(match result {
            Ok(response) => Ok(answer(response, exchange)),
            Err(error) => {
                let status = error.as_response_error().status_code();
                refused(exchange, convert::status(status), &error);
                Err(error)
            }
        })
    }
}

impl<F> fmt::Debug for MonitoredFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredFuture").finish_non_exhaustive()
    }
}

/// The same response, whose body ends the event.
fn answer<B: MessageBody>(
    response: ServiceResponse<B>,
    exchange: Option<Held>,
) -> ServiceResponse<MonitoredMessageBody<B>> {
    if exchange.is_none() {
        return response.map_body(|_, body| MonitoredMessageBody::unobserved(body));
    }
    let status = convert::status(response.status());
    let mut head = Response::new(());
    *head.status_mut() = status;
    *head.headers_mut() = convert::headers(response.headers());
    let error = response.response().error();
    if let Some(cause) = error.and_then(|error| Cause::of(status, error)) {
        head.extensions_mut().insert(cause);
    }
    let before = Before::of(head.headers());
    let mut after = HeaderMap::new();
    let mut response = response.map_body(|_, body| {
        let (body, headers) = MonitoredMessageBody::of(head, body, exchange);
        after = headers;
        body
    });
    convert::append(response.headers_mut(), before.added(&after));
    response
}

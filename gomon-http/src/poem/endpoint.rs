//! The layer as a middleware.

use std::fmt;

use http::Request;
use http_body_util::BodyExt;
use poem::error::NotFoundError;
use poem::{Body, Endpoint, Error, IntoResponse, Middleware, PathPattern, Response, Result};
use tower_layer::Layer;

use crate::cause::refused;
use crate::held::Held;
use crate::observed::{Observed, answered};
use crate::poem::head::{Boxed, Lent};
use crate::template::Template;
use crate::{MonitoringLayer, MonitoringService};

impl<E: Endpoint> Middleware<E> for MonitoringLayer {
    type Output = MonitoredEndpoint<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        let layer = self.layer(());
        MonitoredEndpoint { endpoint, layer }
    }
}

/// The endpoint that a [`MonitoringLayer`] makes.
pub struct MonitoredEndpoint<E> {
    endpoint: E,
    layer: MonitoringService<()>,
}

impl<E: Endpoint> Endpoint for MonitoredEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: poem::Request) -> Result<Response> {
        if !gomon_core::is_enabled() {
            let result = self.endpoint.call(request).await;
            return result.map(IntoResponse::into_response);
        }
        let mut lent = Lent::new(request);
        let exchange = self.layer.observe(&mut lent.head);
        let unrouted = exchange.as_ref().and_then(|_| lent.unrouted());
        let request = lent.give_back(exchange.as_ref());
        let called = Observed::call(exchange, || Some(self.endpoint.call(request)));
        let (result, exchange) = called.await;
        match (result.map(IntoResponse::into_response), exchange) {
            (result, None) => result,
            (Ok(response), Some(mut exchange)) => {
                tell(&mut exchange, unrouted, response.data());
                Ok(answer(response, exchange))
            }
            (Err(error), Some(mut exchange)) => {
                tell_refused(&mut exchange, unrouted, &error);
                refused(Some(exchange), error.status(), &error);
                Err(error)
            }
        }
    }
}

impl<E> fmt::Debug for MonitoredEndpoint<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredEndpoint").finish_non_exhaustive()
    }
}

/// The same response, whose body ends the event.
fn answer(mut response: Response, exchange: Held) -> Response {
    let mut head = http::Response::new(Boxed::from(response.take_body()));
    *head.status_mut() = response.status();
    *head.headers_mut() = std::mem::take(response.headers_mut());
    let (head, body) = answered(head, Some(exchange)).into_parts();
    *response.headers_mut() = head.headers;
    response.set_body(Body::from(BodyExt::boxed(body)));
    response
}

/// Tells the event the route that was found in the meantime.
fn tell(exchange: &mut Held, unrouted: Option<Request<()>>, found: Option<&PathPattern>) {
    if let Some(pattern) = found {
        tell_template(exchange, unrouted, Template::of_colons(&pattern.0));
    }
}

fn tell_refused(exchange: &mut Held, unrouted: Option<Request<()>>, error: &Error) {
    match error.data() {
        Some(found) => tell(exchange, unrouted, Some(found)),
        None if error.is::<NotFoundError>() => {
            tell_template(exchange, unrouted, Template::unmatched());
        }
        None => {}
    }
}

fn tell_template(exchange: &mut Held, unrouted: Option<Request<()>>, template: Template) {
    if let Some(mut request) = unrouted {
        request.extensions_mut().insert(template);
        exchange.routed(&request);
    }
}

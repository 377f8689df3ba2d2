//! The layer as a hoop.

use http_body::Body;
use salvo_core::http::ResBody;
use salvo_core::{Depot, FlowCtrl, Handler, Request, Response, async_trait};
use tower_layer::Layer;

use crate::MonitoringLayer;
use crate::held::Held;
use crate::observed::{Observed, answered};
use crate::salvo::boxing::Boxing;
use crate::salvo::head::{give_back, lend, lend_response};

#[async_trait]
impl Handler for MonitoringLayer {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        ctrl: &mut FlowCtrl,
    ) {
        if !gomon_core::is_enabled() {
            ctrl.call_next(request, depot, response).await;
            return;
        }
        let mut head = lend(request, response);
        let exchange = self.layer(()).observe(&mut head);
        give_back(request, head, exchange.as_ref());
        let next = Observed::call(exchange, || Some(ctrl.call_next(request, depot, response)));
        if let (_, Some(exchange)) = next.await {
            answer(response, exchange);
        }
    }
}

/// Leaves the same response, whose body ends the event.
fn answer(response: &mut Response, exchange: Held) {
    let mut head = lend_response(response);
    if head.body().is_end_stream() {
        // It stays what it is: a catcher looks at which kind of none.
        drop(exchange.answered(&mut head));
        let (head, body) = head.into_parts();
        *response.headers_mut() = head.headers;
        response.replace_body(body);
        return;
    }
    let (head, body) = answered(head, Some(exchange)).into_parts();
    *response.headers_mut() = head.headers;
    response.replace_body(ResBody::Boxed(Box::pin(Boxing::of(body))));
}

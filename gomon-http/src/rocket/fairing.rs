//! The layer as a fairing.

use http::Response;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Header;
use rocket::{Data, Request};
use tower_layer::Layer;

use crate::MonitoringLayer;
use crate::rocket::slot::{Open, Slot};
use crate::rocket::{body, head};
use crate::telling::Before;

#[rocket::async_trait]
impl Fairing for MonitoringLayer {
    fn info(&self) -> Info {
        Info {
            name: "gomon",
            kind: Kind::Request | Kind::Response,
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if !gomon_core::is_enabled() || !Slot::of(request).is_free() {
            return;
        }
        let mut head = head::request(request);
        let before = Before::of(head.headers());
        if let Some(mut exchange) = self.layer(()).observe(&mut head) {
            exchange.leave_request_unseen();
            for (name, value) in before.added(head.headers()) {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                request.add_header(Header::new(name.as_str().to_owned(), value));
            }
            let unrouted = head::unrouted(&head);
            Slot::of(request).put(Open { exchange, unrouted });
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut rocket::Response<'r>) {
        let Some(open) = Slot::of(request).take() else {
            return;
        };
        let Open {
            mut exchange,
            mut unrouted,
        } = open;
        unrouted.extensions_mut().insert(head::template(request));
        exchange.routed(&unrouted);
        let mut head = Response::new(());
        *head.headers_mut() = head::headers(response.headers());
        *head.status_mut() = match is_upgrade(request, response) {
            true => http::StatusCode::SWITCHING_PROTOCOLS,
            false => head::status(response.status()),
        };
        body::watch(response, head, exchange).await;
    }
}

/// rocket sets the status of an upgrade after all fairings.
fn is_upgrade(request: &Request<'_>, response: &mut rocket::Response<'_>) -> bool {
    let mut protocols = request.headers().get("upgrade");
    protocols.any(|protocol| response.upgrade(protocol).is_some())
}

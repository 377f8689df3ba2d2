//! Routes whose handlers run as part of the event.

use std::future::{Future, poll_fn};
use std::pin::pin;

use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request};

use crate::rocket::slot::Slot;

/// Monitors the routes of a rocket. It is implemented for what `routes!` gives.
#[expect(private_bounds, reason = "nobody else implements it")]
pub trait RoutesExt: Sealed {
    /// The same routes, their handlers run as part of the event that the fairing
    /// [`MonitoringLayer`](crate::MonitoringLayer) has opened.
    #[must_use]
    fn monitored(self) -> Self;
}

impl RoutesExt for Vec<Route> {
    fn monitored(mut self) -> Self {
        for route in &mut self {
            let handler = route.handler.clone();
            route.handler = Box::new(MonitoredHandler(handler));
        }
        self
    }
}

trait Sealed {}

impl Sealed for Vec<Route> {}

#[derive(Clone)]
struct MonitoredHandler(Box<dyn Handler>);

#[rocket::async_trait]
impl Handler for MonitoredHandler {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let mut lent = Slot::of(request).lend();
        let call = || self.0.handle(request, data);
        let mut handled = pin!(match lent.exchange() {
            Some(exchange) => exchange.poll(call),
            None => call(),
        });
        poll_fn(|cx| match lent.exchange() {
            Some(exchange) => exchange.poll_future(cx, |cx| handled.as_mut().poll(cx)),
            None => handled.as_mut().poll(cx),
        })
        .await
    }
}

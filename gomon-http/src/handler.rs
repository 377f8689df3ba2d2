//! The server side, where one handler is of interest and the rest of the server is not.

use tower_layer::Layer;

use crate::{MonitoringLayer, MonitoringService};

/// Wraps one handler, so that each request it is given becomes one `http-wmux-handler` event.
///
/// A handler is any tower service over `http` 1. Its event starts when the handler is called; what it
/// has, and how it ends, is as [under a layer](crate#when-does-its-event-start-and-end). Below a
/// [`MonitoringLayer`], or in another monitored handler, the handler passes the request through, and
/// the event of the outer one learns the `route` where it had none: one request, one event.
///
/// The settings are the defaults of a layer; for others, say
/// [`MonitoringLayer::around_handler`] and layer the service. That is also what axum's
/// `Handler::layer` takes: it wraps the handler anew for each request, and only a layer keeps what is
/// known of the requests before, by which some are `slow` and one in some has its `cpu`.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, handler::HandlerWithoutStateExt, routing::get_service};
/// use gomon_http::monitored_handler;
///
/// async fn user() -> &'static str {
///     "Ada"
/// }
///
/// let app: Router = Router::new()
///     .route("/users/{id}", get_service(monitored_handler(user.into_service())));
/// # }
/// ```
#[must_use]
pub fn monitored_handler<H>(handler: H) -> MonitoringService<H> {
    MonitoringLayer::new().around_handler().layer(handler)
}

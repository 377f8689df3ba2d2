//! salvo: [`MonitoringLayer`] is a hoop of its routers and services.
//!
//! ```
//! use gomon_http::MonitoringLayer;
//! use salvo_core::{Router, handler};
//!
//! #[handler]
//! async fn user() -> &'static str {
//!     "Ada"
//! }
//!
//! let app = Router::new()
//!     .hoop(MonitoringLayer::new())
//!     .push(Router::with_path("users/{id}").get(user));
//! # drop(app);
//! ```
//!
//! As a hoop of a `Service` it sees requests that match no route, too.
//!
//! # When does its event start and end?
//!
//! As [everywhere](crate#when-does-its-event-start-and-end), and:
//!
//! - A response without a body, of status 400 or above, ends the event. What a `Catcher` makes of
//!   it later is not seen.
//!
//! [`MonitoringLayer`]: crate::MonitoringLayer

mod boxing;
mod head;
mod hoop;

//! actix-web: [`MonitoringLayer`] is a middleware of its apps and scopes.
//!
//! ```
//! use actix_web::{App, web};
//! use gomon_http::MonitoringLayer;
//!
//! let app = App::new()
//!     .route("/users/{id}", web::get().to(async || "Ada"))
//!     .wrap(MonitoringLayer::new());
//! # drop(app);
//! ```
//!
//! # When does its event start and end?
//!
//! As [everywhere](crate#when-does-its-event-start-and-end), and:
//!
//! - A client that leaves while a handler runs is seen at once only if the server is told that
//!   connections are not half closed: `HttpServer::h1_allow_half_closed(false)`. By default
//!   actix-web lets the handler go on, and the event ends with it.
//! - An error that a handler returns is noted where its status is 500 or above. One that a
//!   middleware inside returns instead of a response ends the event; what is made of it later is
//!   not seen.
//!
//! [`MonitoringLayer`]: crate::MonitoringLayer

mod body;
mod convert;
mod middleware;
mod upload;

pub use body::MonitoredMessageBody;
pub use middleware::{MonitoredFuture, MonitoringMiddleware};

//! rocket: [`MonitoringLayer`] is a fairing, and `.monitored()` routes run as part of the event.
//!
//! ```
//! use gomon_http::MonitoringLayer;
//! use gomon_http::rocket::RoutesExt;
//! use rocket::{Route, http::Method, route};
//!
//! # fn routes() -> Vec<Route> {
//! #     Vec::new()
//! # }
//! let app = rocket::build()
//!     .attach(MonitoringLayer::new())
//!     .mount("/", routes().monitored()); // in a program: routes![user].monitored()
//! # drop(app);
//! ```
//!
//! The fairing sees every request, also those that no route takes, and has the catchers' responses.
//! Of routes that are not monitored it sees when they began and what they answered; what they do is
//! no child of the event, and a panic in them is the response of status 500 that rocket makes of it.
//!
//! # When does its event start and end?
//!
//! As [everywhere](crate#when-does-its-event-start-and-end), and:
//!
//! - rocket runs a handler to its end when its client has left: the event goes on with it, and ends
//!   as `truncated` when the answer finds nobody.
//! - rocket answers 500 when a handler panics: the event is `panicked`, and has that response.
//! - The bodies of requests cannot be watched: there is no `request_size`, `request_body` or error of
//!   an upload that broke off. Nor does rocket tell the version of HTTP: there is no `proto`.
//!
//! [`MonitoringLayer`]: crate::MonitoringLayer

mod body;
mod fairing;
mod handler;
mod head;
mod slot;

pub use handler::RoutesExt;

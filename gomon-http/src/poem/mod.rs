//! poem: [`MonitoringLayer`] is a middleware of its endpoints.
//!
//! ```
//! use gomon_http::MonitoringLayer;
//! use poem::endpoint::make_sync;
//! use poem::{EndpointExt, Route};
//!
//! let app = Route::new()
//!     .at("/users/:id", make_sync(|_| "Ada"))
//!     .with(MonitoringLayer::new());
//! # drop(app);
//! ```
//!
//! # When does its event start and end?
//!
//! As [everywhere](crate#when-does-its-event-start-and-end), and:
//!
//! - An error that an endpoint returns ends the event, with its status, and is noted where that is
//!   500 or above. What poem or a middleware outside makes of it later is not seen.
//!
//! The route is known when the router has answered; until then the request's label among the units
//! of work has the whole path. Round a single endpoint inside of the router it is known before.
//!
//! [`MonitoringLayer`]: crate::MonitoringLayer

mod endpoint;
mod head;

pub use endpoint::MonitoredEndpoint;

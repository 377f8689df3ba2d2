//! The engine of gomon: events, context, bus and listeners.
//!
//! An [`EventTracker`] is an event in the making. When it is finished or dropped it goes through
//! a ring of its thread to the bus, and from there to every [`Listener`], each on a thread of its
//! own. [`builder`] starts all that.
//!
//! ```
//! use gomon_core::{Event, EventTracker};
//!
//! let gomon = gomon_core::builder()
//!     .listener(|event: &Event| println!("{}", event.to_json()))
//!     .start()?;
//! let mut tracker = EventTracker::new("import");
//! tracker.set("rows", 3);
//! tracker.finish();
//! let report = gomon.shutdown();
//! assert_eq!(report.created, 4); // application, import, gomon-self, application-end
//! # Ok::<(), gomon_core::Error>(())
//! ```
//!
//! Most programs use the `gomon` crate, which brings the wrappers along.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod application;
mod bus;
mod capture;
mod clock;
#[cfg(feature = "tokio")]
pub mod conn;
mod context;
mod deadline;
mod error;
mod event;
mod keys;
mod life;
pub mod mask;
mod primitives;
mod sampling;
mod segment;
mod state;
#[cfg(feature = "test-util")]
pub mod testing;
mod thread;
mod tracker;

pub use application::RUST_VERSION;
pub use bus::listener::{BatchError, Listener, ListenerError};
pub use bus::options::{ListenerOptions, OnFull};
pub use bus::reason::DropReason;
pub use bus::report::{ListenerReport, Report};
pub use bus::retransmitter::Retransmitter;
pub use capture::{Capture, capture, set_capture};
pub use clock::monotonic;
pub use context::future::{FutureExt, InContext, Monitored, Scope, root};
pub use context::propagation::TraceParent;
#[cfg(feature = "tokio")]
pub use context::task::{spawn, spawn_blocking};
pub use context::{Context, current, unmonitored};
pub use error::{Error, FlushError};
pub use event::Event;
pub use event::batch::{Events, SharedEvents};
pub use event::error_info::ErrorInfo;
pub use event::id::{SpanId, TraceId};
pub use event::outcome::Outcome;
pub use event::value::{Tree, Value, ValueRef};
pub use life::{
    Builder, Gomon, ListenerId, add_listener, add_listener_factory, add_listener_factory_with,
    add_listener_with, builder, execution_id, flush, remove_listener, set_application_id, shutdown,
    start, stats,
};
pub use sampling::Sampling;
pub use segment::{Segment, SegmentChild};
pub use state::{disable, enable, is_enabled, toggle};
pub use tracker::EventTracker;
pub use tracker::end_guard::EndGuard;
pub use tracker::work::{Work, in_flight};
pub use uuid::Uuid;

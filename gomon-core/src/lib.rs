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
mod end_guard;
mod error;
mod error_info;
mod event;
mod events;
mod fan_out;
mod future;
mod id;
mod json;
mod keys;
mod life;
mod limits;
mod listener;
mod local;
pub mod mask;
mod outcome;
mod panics;
mod port;
mod propagation;
mod record;
mod report;
mod retransmitter;
mod segment;
mod state;
#[cfg(feature = "tokio")]
mod task;
#[cfg(feature = "test-util")]
pub mod testing;
mod tracker;
mod value;
mod work;

pub use capture::{Capture, capture, set_capture};
pub use clock::monotonic;
pub use context::{Context, current};
pub use end_guard::EndGuard;
pub use error::{Error, FlushError};
pub use error_info::ErrorInfo;
pub use event::Event;
pub use events::{Events, SharedEvents};
pub use future::{FutureExt, InContext, Monitored, Scope, root};
pub use id::{SpanId, TraceId};
pub use life::{
    Builder, Gomon, ListenerId, add_listener, builder, execution_id, flush, remove_listener,
    set_application_id, shutdown, start, stats,
};
pub use listener::{BatchError, Listener, ListenerError};
pub use outcome::Outcome;
pub use propagation::TraceParent;
pub use report::{DropReason, ListenerReport, Report};
pub use retransmitter::Retransmitter;
pub use segment::{Segment, SegmentChild};
pub use state::{disable, enable, is_enabled, toggle};
#[cfg(feature = "tokio")]
pub use task::{spawn, spawn_blocking};
pub use tracker::EventTracker;
pub use uuid::Uuid;
pub use value::{Tree, Value, ValueRef};
pub use work::{Work, in_flight};

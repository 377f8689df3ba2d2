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

mod aggregate;
mod application;
pub mod attributes;
mod bus;
mod capture;
#[cfg(feature = "crossbeam")]
pub mod channel;
mod clock;
mod config;
#[cfg(feature = "tokio")]
pub mod conn;
mod context;
mod deadline;
#[cfg(test)]
mod docs;
mod error;
mod event;
mod fork;
mod hot;
mod keys;
mod life;
pub mod logs;
pub mod mask;
pub mod meter;
mod notice;
mod pattern;
mod primitives;
pub mod probe;
mod sampling;
mod segment;
mod state;
pub mod switch;
#[cfg(feature = "tokio")]
pub mod sync;
#[cfg(feature = "test-util")]
pub mod testing;
#[cfg(feature = "tokio")]
pub mod time;
mod tracker;
pub mod wait;

pub use aggregate::label::Label;
pub use aggregate::series::{Bucket, Series};
pub use aggregate::snapshot::Snapshot;
pub use application::RUST_VERSION;
pub use bus::listener::{BatchError, Listener, ListenerError};
pub use bus::options::{ListenerOptions, OnFull};
pub use bus::reason::DropReason;
pub use bus::report::{ListenerReport, Report};
pub use bus::retransmitter::Retransmitter;
pub use bus::retransmitter::config::RetransmitterConfig;
pub use bus::retransmitter::mapped::Mapped;
pub use capture::{Capture, capture, set_capture};
pub use clock::monotonic;
pub use config::Config;
pub use config::error::ConfigError;
pub use config::plugin::{PluginConfig, register_plugin};
#[cfg(feature = "toml")]
pub use config::watch::{config_error, reload_config};
pub use context::b3::B3;
pub use context::baggage::Baggage;
pub use context::future::{FutureExt, InContext, Monitored, Scope, root};
#[cfg(feature = "tokio")]
pub use context::join_set::JoinSet;
pub use context::member::MemberError;
pub use context::message::Message;
pub use context::propagation::{Propagation, propagation, set_propagation};
#[cfg(feature = "futures")]
pub use context::stream::{MonitoredStream, StreamExt};
#[cfg(feature = "tokio")]
pub use context::task::{JoinHandle, spawn, spawn_blocking, spawn_local};
pub use context::thread;
pub use context::traceparent::TraceParent;
pub use context::tracestate::TraceState;
pub use context::{Context, current, unmonitored};
pub use error::{Error, FlushError};
pub use event::Event;
pub use event::batch::{Events, SharedEvents};
pub use event::error_info::ErrorInfo;
pub use event::id::{SpanId, TraceId};
pub use event::limits::settings::Limits;
pub use event::outcome::Outcome;
pub use event::packed::{ListWriter, MapWriter, PackedMap};
pub use event::value::{Tree, Value, ValueRef};
pub use life::{
    Builder, ConfigState, Gomon, ListenerId, add_listener, add_listener_factory,
    add_listener_factory_with, add_listener_with, aggregates, application_id, builder,
    config_state, end_temporary_config, execution_id, flush, remove_listener, set_application_id,
    set_config, set_config_for, shutdown, start, stats,
};
pub use logs::{LogIds, log_ids};
pub use pattern::Pattern;
pub use sampling::Sampling;
pub use segment::{GlobalSegment, Segment, SegmentChild, SegmentScope, Timed};
pub use state::{disable, enable, is_enabled, toggle};
pub use tracker::EventTracker;
pub use tracker::end_guard::{EndGuard, Guarded};
pub use tracker::stopwatch::Stopwatch;
pub use tracker::work::{Work, WorkDetails, in_flight};
pub use uuid::Uuid;

/// What macros expand to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::attributes::noted::{
        Inner, NoteDebug, NoteDeref, NoteDisplay, NoteError, Noted,
    };
    pub use crate::attributes::recorded::{Recordable, debug, display, record};
    pub use crate::attributes::traced::{traced, traced_future, traced_root};
    pub use crate::segment::{timed, timed_future};
}

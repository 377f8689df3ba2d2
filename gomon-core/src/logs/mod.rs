//! The program's own logs: bridges from `log`, slog and `tracing`, and the ids of an event in every
//! line of a log.
//!
//! A line that is logged becomes an event `log`, a child of what is current where it is logged: of the request, the
//! job, the span. The bridges stand in front of the logger that is there, or alone:
//!
//! | feature | put in front of the logger | what it does |
//! |---|---|---|
//! | `log` | [`GomonLogger`] | lines become events |
//! | `slog` | [`GomonDrain`] | the same, and the ids go into the records behind it |
//! | `tracing` | [`GomonLayer`] | lines become events, and spans events with children |
//!
//! [`log_ids`] shows the ids in any format closure, without a feature.
//!
//! The other way, [`TracingListener`] (feature `tracing`) emits gomon's events as spans, for those who keep the
//! stack they have.
//!
//! # What is taken, and what is not
//!
//! Lines down to the level `info`; at most 10,000 in a second by one bridge, the others count as dropped
//! (`filtered`). Texts are cut at 8 KiB; fields whose name looks secret are masked, see
//! [`Capture::mask`](crate::Capture::mask), but nothing is masked in a line's text.
//!
//! # No feedback
//!
//! What gomon's own threads log, such as a listener that logs each event, goes to the logger behind the bridge
//! and becomes no event. Nor does what a type logs while a bridge formats it.

#[cfg(feature = "slog")]
mod drain;
#[cfg(feature = "tracing")]
mod emitted;
mod ids;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(any(feature = "log", feature = "slog", feature = "tracing"))]
mod line;
#[cfg(feature = "log")]
mod logger;
#[cfg(feature = "tracing")]
mod tracing_listener;

#[cfg(feature = "slog")]
pub use drain::GomonDrain;
pub use ids::{LogIds, log_ids};
#[cfg(feature = "tracing")]
pub use layer::GomonLayer;
#[cfg(feature = "log")]
pub use logger::GomonLogger;
#[cfg(feature = "tracing")]
pub use tracing_listener::TracingListener;

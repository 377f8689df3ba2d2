//! What units of work wait for: where the time of a request went, adding up to all of it.
//!
//! A *unit* is what gomon polls as one event: a request under `MonitoringLayer`, a
//! [`root`](crate::root), a future made [`monitored`](crate::FutureExt::monitored), and whatever
//! polls an [`EndGuard::unit`](crate::EndGuard::unit). Its event says where its time went, in
//! nanoseconds: `busy` inside of its polls, `ready` between a wake-up and the poll that follows,
//! and `wait` by [`Kind`]. Together they are `gomon:lapsed`.
//!
//! # What counts
//!
//! - While a unit is pending its time goes to the one wait that is open; to several, in equal
//!   shares; to `unaccounted` if gomon sees none.
//! - A wait is open from the first poll of its future that is pending to the one that is ready, or
//!   to its drop, for as long as it is awaited: one that its unit no longer polls does not count.
//! - Of waits inside of each other the innermost counts.
//! - A wait counts for the unit whose own future opened it, and for the units that await that one.
//!   What a spawned task waits for counts only while the unit that spawned it awaits its
//!   [`JoinHandle`](crate::JoinHandle) or its [`JoinSet`](crate::JoinSet).
//!
//! [`sync`](crate::sync) and [`time`](crate::time) open waits by themselves. Wrappers of anything
//! else use [`on`] for futures and [`Wait`] for what they poll by hand.
//!
//! A unit costs two readings of the clock a poll and one a wake-up. Once its thread has had some, it
//! allocates the map of its waits when it ends, and nothing else.

mod account;
mod books;
pub(crate) mod breakdown;
mod doing;
mod frame;
mod future;
mod glance;
mod hold;
mod kept;
mod kind;
mod leaves;
pub(crate) mod meter;
pub(crate) mod spare;
mod table;
#[cfg(feature = "tokio")]
pub(crate) mod task;
pub(crate) mod unit;

pub use doing::{Activity, Doing};
pub use future::{On, Wait, on};
pub use kept::{Kept, keep, kind_of_unit};
pub use kind::Kind;

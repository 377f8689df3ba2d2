//! What the hooks of ORMs and drivers tell, made into events.

#[cfg(any(feature = "diesel", feature = "rusqlite"))]
mod connection;
mod engine;
#[cfg(any(feature = "diesel", feature = "rusqlite"))]
mod step;
#[cfg(any(feature = "diesel", feature = "rusqlite"))]
mod transactions;

#[cfg(any(feature = "diesel", feature = "rusqlite"))]
pub(crate) use connection::HookedConnection;
pub use engine::System;
pub(crate) use engine::UNKNOWN;
#[cfg(any(feature = "diesel", feature = "rusqlite"))]
pub(crate) use step::Step;

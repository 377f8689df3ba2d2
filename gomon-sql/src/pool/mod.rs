//! What is known of a pool beside sqlx: who holds its connections, and how long others wait for one.

pub(crate) mod connected;
mod holders;
mod waits;

pub(crate) use holders::{Holders, Holding, What};
pub(crate) use waits::Waits;

//! tonic's channels.

mod channel;
mod link;

pub use channel::MonitoringChannel;
pub(crate) use link::{Link, Reached};

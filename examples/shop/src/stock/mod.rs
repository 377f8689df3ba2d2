//! The stock service: another process, which the shop starts, calls, and waits for last.

mod client;
mod process;
mod service;

pub(crate) use client::{StockClient, StockError};
pub(crate) use process::{StockProcess, events_beside};
pub(crate) use service::run;

//! Start, shutdown and listeners: what concerns the whole process. One test at a time.

mod aggregates;
mod factories;
mod listeners;
#[cfg(target_os = "linux")]
mod process;
mod quarantine;
mod queues;
mod retransmitters;
mod sampling;
mod shutdown;
mod support;
mod switching;

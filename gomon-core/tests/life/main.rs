//! Start, shutdown and listeners: what concerns the whole process. One test at a time.

mod aggregates;
mod callbacks;
mod callers;
mod config;
mod config_file;
mod configured;
mod crowds;
mod factories;
mod factory_settings;
mod global_segments;
mod limits;
mod listeners;
mod logs;
#[cfg(target_os = "linux")]
mod process;
mod quarantine;
mod queues;
mod retransmitters;
mod runtimes;
mod sampling;
mod shutdown;
mod sifting;
mod sifting_traces;
mod support;
mod switches;
mod switching;
mod temporary;
mod to_tracing;
mod wall_clock;

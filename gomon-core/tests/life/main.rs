//! Start, shutdown and listeners: what concerns the whole process. One test at a time.

mod crowds;
mod listeners;
mod retransmitters;
mod sampling;
mod shutdown;
mod support;
mod switching;
mod wall_clock;

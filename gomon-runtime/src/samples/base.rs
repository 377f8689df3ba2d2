//! `runtime-base`: what the process runs on.

use gomon_core::{EventTracker, RUST_VERSION};

use super::set_known;
use crate::system::System;
use crate::{alloc_stats, keys};

pub(super) fn set(event: &mut EventTracker, system: &System) {
    let procs = std::thread::available_parallelism()
        .ok()
        .map(|n| n.get() as u64);
    set_known(event, keys::NUM_CPU, system.online_cpus().or(procs));
    set_known(event, keys::MAX_PROCS, procs);
    event.set(keys::RUST_VERSION, RUST_VERSION);
    event.set(
        keys::ALLOCATOR,
        if alloc_stats().mallocs > 0 {
            "monitored"
        } else {
            "unmonitored"
        },
    );
    set_known(event, keys::PAGE_SIZE, system.page_bytes());
    set_known(event, keys::CONTAINER, system.container());
}

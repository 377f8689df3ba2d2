//! `rt-collect-memstat`: the allocator's counters and the memory of the process.

use gomon_core::{Context, EventTracker, Uuid};

use super::set_known;
use crate::counters::{AllocStats, alloc_stats};
use crate::keys;
use crate::system::System;

/// Links each sample to the one before.
#[derive(Debug, Default)]
pub(super) struct MemorySamples {
    previous: Option<(Uuid, AllocStats)>,
}

impl MemorySamples {
    pub(super) fn send(&mut self, parent: Context, system: &System) {
        let mut event = EventTracker::in_context(keys::COLLECT_MEMSTAT, parent);
        let Some(id) = event.id() else { return };
        let stats = alloc_stats();
        if stats.mallocs > 0 {
            set_allocator(&mut event, &stats);
        }
        if let Some((previous_id, previous)) = &self.previous {
            if stats.mallocs > 0 {
                set_differences(&mut event, &stats, previous);
            }
            event.set(keys::PREV_TRACKER_ID, *previous_id);
        }
        let memory = system.memory();
        set_known(&mut event, keys::SYS, memory.resident);
        set_known(&mut event, keys::RESIDENT, memory.anonymous);
        set_known(&mut event, keys::MAPPED, memory.mapped);
        self.previous = Some((id, stats));
    }
}

fn set_allocator(event: &mut EventTracker, stats: &AllocStats) {
    event
        .set(keys::ALLOC, stats.live_bytes())
        .set(keys::TOTAL_ALLOC, stats.alloc_bytes)
        .set(keys::MALLOCS, stats.mallocs)
        .set(keys::FREES, stats.frees)
        .set(keys::LIVE_OBJ, stats.live_count())
        .set(keys::HEAP_ALLOC, stats.live_bytes())
        .set(keys::HEAP_OBJECTS, stats.live_count())
        .set(keys::HEAP_PEAK, stats.peak_bytes);
}

fn set_differences(event: &mut EventTracker, now: &AllocStats, before: &AllocStats) {
    event
        .set(
            keys::DIFF_TOTAL_ALLOC,
            now.alloc_bytes.wrapping_sub(before.alloc_bytes),
        )
        .set(keys::DIFF_MALLOCS, now.mallocs.wrapping_sub(before.mallocs))
        .set(keys::DIFF_FREES, now.frees.wrapping_sub(before.frees))
        .set(
            keys::DIFF_HEAP_ALLOC,
            change(before.live_bytes(), now.live_bytes()),
        )
        .set(
            keys::DIFF_HEAP_OBJECTS,
            change(before.live_count(), now.live_count()),
        );
}

fn change(before: u64, now: u64) -> i64 {
    now.wrapping_sub(before).cast_signed()
}

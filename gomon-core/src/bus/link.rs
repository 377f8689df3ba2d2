//! A thread's way to the bus: its ring, which only it writes to.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bus;
use crate::event::record::Record;
use crate::state;

thread_local! {
    static LINK: RefCell<Option<Link>> = const { RefCell::new(None) };
}

/// A thread's end of its ring.
struct Link {
    ring: rtrb::Producer<Box<Record>>,
    counters: Arc<Counters>,
    until_look: u32,
}

/// What a thread counts, each written by that thread alone and read by others.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Records of the process: sent, or lost on the way to the ring.
    pub(crate) created: AtomicU64,
    /// Of these, lost because the ring was full.
    pub(crate) ring_full: AtomicU64,
    /// Of these, closed while gomon was disabled.
    pub(crate) disabled: AtomicU64,
}

/// Hands a finished record over. It never blocks: a full ring is a counted loss.
pub(crate) fn send(record: Box<Record>) {
    let now = state::load();
    if !now.is_running() || record.run != now.run() {
        bus::count_after_shutdown();
        return;
    }
    let mut record = Some(record);
    let sent = LINK.try_with(|link| {
        let mut link = link.try_borrow_mut().ok()?;
        let link = link.get_or_insert_with(Link::new);
        record.take().map(|record| link.send(record, now.is_on()))
    });
    // The thread is ending, or an allocator called us in the middle of ourselves.
    if !matches!(sent, Ok(Some(())))
        && let Some(record) = record
    {
        bus::send_without_ring(record, now.is_on());
    }
}

impl Link {
    fn new() -> Self {
        let (ring, consumer) = rtrb::RingBuffer::new(RING);
        let counters = Arc::new(Counters::default());
        bus::register(consumer, Arc::clone(&counters));
        Self {
            ring,
            counters,
            until_look: LOOK_EVERY,
        }
    }

    fn send(&mut self, record: Box<Record>, on: bool) {
        let counted = record.scope == 0;
        if counted {
            bump(&self.counters.created);
        }
        if !on {
            if counted {
                bump(&self.counters.disabled);
            }
            return;
        }
        if self.ring.push(record).is_err() && counted {
            bump(&self.counters.ring_full);
        }
        self.until_look -= 1;
        if self.until_look == 0 {
            self.until_look = LOOK_EVERY;
            if self.ring.slots() < RING / 2 {
                bus::wake();
            }
        }
    }
}

/// One writer: a plain load and store, no locked instruction.
fn bump(counter: &AtomicU64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Relaxed,
    );
}

/// Records a thread may be ahead of the bus.
const RING: usize = 4096;
/// How many records pass between two looks at how full the ring is.
const LOOK_EVERY: u32 = 512;

//! What each thread has: its context and random numbers, usable to the thread's very end, and its
//! ring to the bus.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bus;
use crate::context::Context;
use crate::record::Record;
use crate::state;

/// The part without a destructor: it works in the destructors of other thread-locals too.
pub(crate) struct Hot {
    pub(crate) context: Cell<Context>,
    random: Cell<u64>,
    own: Cell<bool>,
}

thread_local! {
    pub(crate) static HOT: Hot = const {
        Hot { context: Cell::new(Context::PROCESS), random: Cell::new(0), own: Cell::new(false) }
    };
    static LINK: RefCell<Option<Link>> = const { RefCell::new(None) };
}

pub(crate) fn replace_context(context: Context) -> Context {
    HOT.with(|hot| hot.context.replace(context))
}

/// Marks the running thread as one of gomon's own: what it does is never monitored, or a listener
/// that writes to a monitored socket would feed itself for ever.
pub(crate) fn mark_own_thread() {
    HOT.with(|hot| hot.own.set(true));
}

pub(crate) fn is_own_thread() -> bool {
    HOT.with(|hot| hot.own.get())
}

/// A random number: wyrand (Wang Yi, 2019), seeded per thread by the standard library's hasher.
pub(crate) fn random() -> u64 {
    HOT.with(|hot| {
        let seed = match hot.random.get() {
            0 => seed(),
            state => state,
        };
        let state = seed.wrapping_add(0xa076_1d64_78bd_642f);
        hot.random.set(state);
        let product = u128::from(state) * u128::from(state ^ 0xe703_7ed1_a0b4_28db);
        let (high, low) = (product >> 64, product & u128::from(u64::MAX));
        u64::try_from(high ^ low).unwrap_or(0)
    })
}

fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // RandomState draws its keys once a thread and counts them up: every hasher differs. The
    // process id tells a forked child's numbers from its parent's.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(crate::clock::now());
    hasher.write_u32(std::process::id());
    hasher.finish() | 1
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
    if !now.is_running() {
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

//! Records in use again and again: from a thread's stock to the bus, to the listeners, and home.
//!
//! - A thread takes records from a stock of its own, so that nothing on its way is allocated or
//!   locked. An empty stock is filled with what came home, with what ended threads left, or anew.
//! - The last holder of a batch gives its records back to the threads they came from: in a common
//!   depot they would wander between the cores. It does not look into them; what a few of them
//!   carry beside themselves was listed by the bus, and is freed there.
//! - [`MOST`] bounds the records that are kept, and [`MOST_HANDED_OVER`] those between a thread's
//!   hand-over and their return. An open tracker is never refused a record: past the bound it gets
//!   one that is freed on its return.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crossbeam_queue::ArrayQueue;

use crate::bus::prefetch::prefetch;
use crate::bus::reason::DropReason;
use crate::event::Event;
use crate::event::record::Record;
use crate::fork;

/// Where a thread's records come back to.
#[derive(Debug)]
pub(crate) struct Home {
    back: parking_lot::Mutex<Vec<Magazine>>,
    /// Its thread has ended: what comes back now goes to the depot.
    gone: AtomicBool,
}

/// Records without an owner, to be taken all at once.
pub(crate) type Magazine = Vec<Event>;

/// A thread's stock.
#[derive(Debug)]
pub(crate) struct Stock {
    free: Magazine,
    home: Arc<Home>,
    /// How many records the next filling makes, if it has to: a thread that ends soon shall not
    /// cost much.
    grow: usize,
}

impl Stock {
    pub(crate) fn new() -> Self {
        STOCKS.fetch_add(1, Ordering::Relaxed);
        Self {
            free: Vec::new(),
            home: Arc::new(Home {
                back: parking_lot::Mutex::new(Vec::with_capacity(MAGAZINES_AT_HOME)),
                gone: AtomicBool::new(false),
            }),
            grow: FIRST_FILLING,
        }
    }

    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.home
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Box<Record> {
        match self.free.pop() {
            Some(event) => {
                // The next one is on its way into the cache while this one is written.
                if let Some(next) = self.free.last() {
                    prefetch(&next.record);
                }
                event.record
            }
            None => self.fill(),
        }
    }

    /// Takes a record back that was not handed over.
    #[inline]
    pub(crate) fn put(&mut self, mut record: Box<Record>) {
        if record.has_rare() {
            record.clear_rare();
        }
        if self.free.len() < FULL {
            self.free.push(Event::new(record));
        }
    }

    #[cold]
    #[inline(never)]
    fn fill(&mut self) -> Box<Record> {
        // The queues of a child may have been left in the middle of a change.
        if fork::is_child() {
            return fresh();
        }
        let depot = DEPOT.get();
        // Never wait: whoever brings records home may have been stopped in the middle of it.
        let at_home = self.home.back.try_lock().and_then(|mut back| back.pop());
        let found = at_home.or_else(|| depot?.pop());
        if let Some(magazine) = found {
            // The empty one goes back to whoever fills batches.
            let empty = std::mem::replace(&mut self.free, magazine);
            give_empty(empty);
        } else if ALLOCATED.load(Ordering::Relaxed) < MOST {
            self.free.reserve(FULL);
            self.free
                .extend((0..self.grow).map(|_| Event::new(fresh())));
            self.grow = (self.grow * 2).min(LARGEST_FILLING);
        }
        self.free.pop().map_or_else(fresh, |event| event.record)
    }
}

/// What a thread leaves behind is for the others.
impl Drop for Stock {
    fn drop(&mut self) {
        STOCKS.fetch_sub(1, Ordering::Relaxed);
        if fork::is_child() {
            return;
        }
        // Relaxed: what is put there in spite of it is freed with the home.
        self.home.gone.store(true, Ordering::Relaxed);
        let back = std::mem::take(&mut *self.home.back.lock());
        back.into_iter().for_each(to_depot);
        to_depot(std::mem::take(&mut self.free));
    }
}

impl Home {
    /// Takes records back that were handed over; nothing lies beside them any more.
    pub(crate) fn take_back(&self, magazine: Magazine) {
        if ALLOCATED.load(Ordering::Relaxed) > MOST {
            return drop(magazine);
        }
        if self.gone.load(Ordering::Relaxed) {
            return to_depot(magazine);
        }
        if let Some(left) = self.stack(magazine) {
            to_depot(left);
        }
    }

    /// Puts records on top of those that are there, and returns what is left: an empty magazine, or
    /// what found no place.
    fn stack(&self, mut magazine: Magazine) -> Option<Magazine> {
        let mut back = self.back.lock();
        let has_place = back.len() < MAGAZINES_AT_HOME;
        match back.last_mut() {
            // Few records at a time make one magazine: the thread takes them all at once.
            Some(top) if top.len() + magazine.len() <= FULL => {
                top.append(&mut magazine);
                Some(magazine)
            }
            _ if has_place => {
                back.push(magazine);
                None
            }
            _ => Some(magazine),
        }
    }

    /// How many records each magazine has that waits here.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> Vec<usize> {
        self.back.lock().iter().map(Vec::len).collect()
    }

    fn free(&self, spare: Spare) {
        let mut back = self.back.lock();
        let count = spare.of(back.len().saturating_sub(MAGAZINES_AT_REST));
        // The oldest: those on top are in the thread's cache.
        let freed: Vec<_> = back.drain(..count).collect();
        drop(back);
        drop(freed);
    }
}

/// A record made anew.
pub(crate) fn fresh() -> Box<Record> {
    Box::new(Record::blank())
}

pub(crate) fn to_depot(magazine: Magazine) {
    if magazine.is_empty() {
        return give_empty(magazine);
    }
    // What finds no place is freed.
    drop(
        DEPOT
            .get_or_init(|| ArrayQueue::new(MAGAZINES))
            .push(magazine),
    );
}

/// An empty magazine with room for a batch.
pub(crate) fn empty() -> Magazine {
    let used = EMPTY.get().and_then(ArrayQueue::pop);
    used.unwrap_or_else(|| Vec::with_capacity(FULL))
}

pub(crate) fn give_empty(magazine: Magazine) {
    if magazine.capacity() >= FULL {
        drop(
            EMPTY
                .get_or_init(|| ArrayQueue::new(MAGAZINES))
                .push(magazine),
        );
    }
}

/// How much of what lies idle is freed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spare {
    Half,
    All,
}

/// Frees records that wait for use; those at home only as far as their thread would not miss them.
pub(crate) fn free<'a>(spare: Spare, homes: impl Iterator<Item = &'a Arc<Home>>) {
    if let Some(depot) = DEPOT.get() {
        (0..spare.of(depot.len())).for_each(|_| drop(depot.pop()));
    }
    homes.for_each(|home| home.free(spare));
}

impl Spare {
    fn of(self, count: usize) -> usize {
        match self {
            Self::Half => count.div_ceil(2),
            Self::All => count,
        }
    }
}

/// Counts records that a thread hands over.
pub(crate) fn hand_over(count: u32) {
    HANDED_OVER.fetch_add(i64::from(count), Ordering::Relaxed);
}

/// Counts bytes that lie beside a record that is handed over.
pub(crate) fn hand_over_bytes(bytes: u32) {
    HANDED_OVER_BYTES.fetch_add(i64::from(bytes), Ordering::Relaxed);
}

/// Counts records that came back, and the bytes that lay beside them.
pub(crate) fn come_back(count: usize, bytes: u64) {
    HANDED_OVER.fetch_sub(i64::try_from(count).unwrap_or(0), Ordering::Relaxed);
    HANDED_OVER_BYTES.fetch_sub(i64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
}

/// Why threads may not hand over more just now, if they may not.
pub(crate) fn refuses() -> Option<DropReason> {
    if HANDED_OVER.load(Ordering::Relaxed) >= MOST_HANDED_OVER {
        Some(DropReason::QueueFull)
    } else if HANDED_OVER_BYTES.load(Ordering::Relaxed) >= MOST_BYTES {
        Some(DropReason::BytesFull)
    } else {
        None
    }
}

/// After how many records a thread is to look again. What it looks at is written on other cores, so it
/// looks seldom while all threads together are far from the bound.
pub(crate) fn next_look() -> u32 {
    let room = MOST_HANDED_OVER - HANDED_OVER.load(Ordering::Relaxed);
    let share = room / (2 * STOCKS.load(Ordering::Relaxed).max(1));
    let share = u32::try_from(share).unwrap_or(0);
    share.clamp(LOOK_EVERY, LOOK_SELDOM)
}

/// Whether so many records are under way that threads will soon have to stop. Above what waits for
/// one listener at the most, unless it was given more.
pub(crate) fn is_tight() -> bool {
    HANDED_OVER.load(Ordering::Relaxed) >= MOST_HANDED_OVER / 4 * 3
        || HANDED_OVER_BYTES.load(Ordering::Relaxed) >= MOST_BYTES / 4 * 3
}

/// A part of every record: it counts them.
#[derive(Debug)]
pub(crate) struct Counted(());

impl Counted {
    pub(crate) fn new() -> Self {
        ALLOCATED.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALLOCATED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Stocks that exist: as many as threads with one.
static STOCKS: AtomicI64 = AtomicI64::new(0);
/// Records that exist.
static ALLOCATED: AtomicI64 = AtomicI64::new(0);
/// Records between hand-over and return, without those that their threads have not told of yet (`next_look`).
static HANDED_OVER: AtomicI64 = AtomicI64::new(0);
/// Bytes beside these.
static HANDED_OVER_BYTES: AtomicI64 = AtomicI64::new(0);
/// Records of ended threads, and of threads that have enough.
static DEPOT: std::sync::OnceLock<ArrayQueue<Magazine>> = std::sync::OnceLock::new();
/// Magazines without records.
static EMPTY: std::sync::OnceLock<ArrayQueue<Magazine>> = std::sync::OnceLock::new();

/// Records that are kept for further use: some 25 MB.
const MOST: i64 = 20_480;
/// Records on their way. Fewer than are kept: what is made and freed again and again leaves holes in
/// the heaps of all threads.
const MOST_HANDED_OVER: i64 = 16_384;
const MOST_BYTES: i64 = 24 << 20;
/// How many records pass between two looks: near the bound, and far from it.
pub(crate) const LOOK_EVERY: u32 = 64;
const LOOK_SELDOM: u32 = 256;
/// Records of a magazine, and of a batch, at the most.
pub(crate) const FULL: usize = 256;
const MAGAZINES: usize = 256;
/// So many wait for their thread, for all that its ring may hold, also where they come home half full; more are for
/// everybody, and wander between the cores.
const MAGAZINES_AT_HOME: usize = 32;
/// So many still do when there is nothing to do.
const MAGAZINES_AT_REST: usize = 2;
const FIRST_FILLING: usize = 4;
const LARGEST_FILLING: usize = 64;

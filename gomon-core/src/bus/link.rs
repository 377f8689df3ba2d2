//! A thread's way to the bus: its stock of records and its ring, which only it writes to.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bus;
use crate::bus::fan_out::Account;
use crate::bus::pool::{self, Home, Stock};
use crate::bus::prefetch::Slots;
use crate::bus::reason::DropReason;
use crate::clock::Stamp;
use crate::event::flags::Flags;
use crate::event::handed::Handed;
use crate::event::record::Record;
use crate::state;

thread_local! {
    /// Without a destructor of its own: whether that has run already would be asked at every use.
    static LINK: RefCell<ManuallyDrop<Option<Link>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
    static END: End = const { End };
}

/// Takes the link down when its thread ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let link = LINK.with(|link| link.try_borrow_mut().ok()?.take());
        drop(link);
    }
}

/// A thread's end of its ring.
struct Link {
    stock: Stock,
    ring: rtrb::Producer<Handed>,
    slots: Slots,
    shared: Arc<Shared>,
    /// Records handed over, how many of them the pool was told of, and at how many it is told again. They wrap.
    handed_over: u32,
    told: u32,
    tell_at: u32,
    /// Records that found no place in the ring.
    ring_fulls: u32,
    /// Nothing may be handed over, as it was when this thread looked last.
    refused: Option<DropReason>,
}

/// What a thread shares with the bus. Only that thread writes the counters: a plain load and
/// store, no locked instruction. Apart from everything else, or its cache line would be torn
/// between the cores.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Shared {
    pub(crate) counters: Counters,
    pub(crate) home: Arc<Home>,
}

/// What a thread counts.
#[derive(Debug)]
pub(crate) struct Counters {
    /// Records of the process: sent, or lost on the way to the ring. Without those that were sampled
    /// out or filtered.
    pub(crate) created: AtomicU64,
    /// Of these, lost because the ring was full, or all records were on their way.
    pub(crate) queue_full: AtomicU64,
    /// Of these, lost because too much lay beside the records that were on their way.
    pub(crate) bytes_full: AtomicU64,
    /// Of these, closed while gomon was disabled.
    pub(crate) disabled: AtomicU64,
    /// Not recorded because the root of their trace was not.
    pub(crate) sampled_out: AtomicU64,
    /// Not recorded because there were too many of their kind.
    pub(crate) filtered: AtomicU64,
}

impl Counters {
    pub(crate) const fn new() -> Self {
        Self {
            created: AtomicU64::new(0),
            queue_full: AtomicU64::new(0),
            bytes_full: AtomicU64::new(0),
            disabled: AtomicU64::new(0),
            sampled_out: AtomicU64::new(0),
            filtered: AtomicU64::new(0),
        }
    }

    pub(crate) fn account(&self) -> Account {
        let mut account = Account {
            created: self.created.load(Ordering::Relaxed),
            ..Account::ZERO
        };
        for reason in COUNTED {
            let lost = self.lost_for(reason).load(Ordering::Relaxed);
            account.lose(reason, lost);
            if matches!(reason, DropReason::SampledOut | DropReason::Filtered) {
                account.created += lost;
            }
        }
        account
    }

    pub(crate) fn lost_for(&self, reason: DropReason) -> &AtomicU64 {
        match reason {
            DropReason::BytesFull => &self.bytes_full,
            DropReason::Disabled => &self.disabled,
            DropReason::SampledOut => &self.sampled_out,
            DropReason::Filtered => &self.filtered,
            _ => &self.queue_full,
        }
    }
}

/// A record for a new event. It is never refused.
#[inline]
pub(crate) fn take() -> Box<Record> {
    // The thread is ending, or an allocator called us in the middle of ourselves.
    with_link(|link| link.stock.take()).unwrap_or_else(pool::fresh)
}

/// Hands over a record that ended then. It never blocks: a full ring is a counted loss.
#[inline]
pub(crate) fn send(record: Box<Record>, end: Stamp) {
    if !state::load().is_on_in(record.run) {
        return refuse(record);
    }
    push(record, end);
}

/// The same for a unit of work, which is not too late although gomon may have stopped since it was asked for.
pub(crate) fn send_unit(record: Box<Record>, end: Stamp) {
    let now = state::load();
    if now.is_on() || now.run() != record.run || bus::has_ended() {
        send(record, end);
    } else if now.is_enabled() {
        push(record, end);
    } else {
        disabled(record);
    }
}

#[inline]
fn push(record: Box<Record>, end: Stamp) {
    let mut record = Some(record);
    let sent = with_link(|link| {
        if let Some(record) = record.take() {
            link.send(record, end);
        }
    });
    if sent.is_none()
        && let Some(record) = record
    {
        bus::send_without_ring(record, end);
    }
}

/// Counts an event that is not recorded because its root was not.
#[inline]
pub(crate) fn count_sampled_out() {
    let counted = with_link(|link| bump(&link.shared.counters.sampled_out));
    if counted.is_none() {
        bus::count_unrecorded(DropReason::SampledOut);
    }
}

/// Counts an event that is not recorded because there were too many of its kind.
#[cfg(any(feature = "log", feature = "slog", feature = "tracing"))]
#[cold]
pub(crate) fn count_filtered() {
    let counted = with_link(|link| bump(&link.shared.counters.filtered));
    if counted.is_none() {
        bus::count_unrecorded(DropReason::Filtered);
    }
}

/// Ends an event that only stood for its ids.
pub(crate) fn send_sampled_out(record: Box<Record>) {
    let counted = with_link(|link| {
        bump(&link.shared.counters.sampled_out);
        link.stock.put(record);
    });
    if counted.is_none() {
        bus::count_unrecorded(DropReason::SampledOut);
    }
}

/// Ends a record while gomon is disabled, or after its run.
#[cold]
#[inline(never)]
fn refuse(record: Box<Record>) {
    let now = state::load();
    if !now.is_running() || record.run != now.run() {
        return after_the_end(record);
    }
    disabled(record);
}

fn disabled(record: Box<Record>) {
    let mut record = Some(record);
    let counted = with_link(|link| {
        if let Some(record) = record.take() {
            link.count(&record);
            link.lose(record, DropReason::Disabled);
        }
    });
    if counted.is_none()
        && let Some(record) = record
    {
        bus::refuse_without_ring(&record);
    }
}

fn after_the_end(record: Box<Record>) {
    if !record.flags.has(Flags::MESSAGE) {
        bus::count_after_shutdown();
    }
    // A thread that has sent nothing yet needs no ring for this.
    LINK.with(|link| {
        if let Ok(mut link) = link.try_borrow_mut()
            && let Some(link) = link.as_mut()
        {
            link.stock.put(record);
        }
    });
}

#[inline]
fn with_link<R>(f: impl FnOnce(&mut Link) -> R) -> Option<R> {
    let done = LINK.try_with(|link| {
        let mut link = link.try_borrow_mut().ok()?;
        if link.is_none() {
            make(&mut link);
        }
        link.as_mut().map(f)
    });
    done.ok().flatten()
}

#[cold]
#[inline(never)]
fn make(link: &mut Option<Link>) {
    // A thread that is past its end has none again.
    if END.try_with(|_| ()).is_ok() {
        *link = Some(Link::new());
    }
}

impl Link {
    fn new() -> Self {
        let (mut ring, consumer) = rtrb::RingBuffer::new(RING);
        let slots = Slots::of(&mut ring);
        let stock = Stock::new();
        let shared = Arc::new(Shared {
            counters: Counters::new(),
            home: Arc::clone(stock.home()),
        });
        bus::register(consumer, Arc::clone(&shared));
        Self {
            stock,
            ring,
            slots,
            shared,
            handed_over: 0,
            told: 0,
            tell_at: pool::LOOK_EVERY,
            ring_fulls: 0,
            refused: None,
        }
    }

    #[inline]
    fn send(&mut self, mut record: Box<Record>, end: Stamp) {
        self.count(&record);
        if self.refused.is_some()
            && let Some(reason) = self.still_refused()
        {
            return self.lose(record, reason);
        }
        let beside_bytes = record.note_beside();
        if beside_bytes > 0 {
            pool::hand_over_bytes(beside_bytes);
        }
        if let Err(rtrb::PushError::Full(handed)) = self.ring.push(Handed::new(record, end)) {
            return self.ring_full(handed.record);
        }
        self.handed_over = self.handed_over.wrapping_add(1);
        self.slots.prefetch(self.handed_over);
        if self.handed_over == self.tell_at {
            self.look();
        }
    }

    #[inline]
    fn count(&self, record: &Record) {
        if counts(record) {
            bump(&self.shared.counters.created);
        }
    }

    #[cold]
    #[inline(never)]
    fn lose(&mut self, record: Box<Record>, reason: DropReason) {
        if counts(&record) {
            bump(self.shared.counters.lost_for(reason));
        }
        #[cfg(feature = "test-util")]
        if reason != DropReason::Disabled {
            crate::testing::losses::note(record.scope);
        }
        self.stock.put(record);
    }

    #[cold]
    #[inline(never)]
    fn ring_full(&mut self, record: Box<Record>) {
        pool::come_back(0, u64::from(record.beside_bytes));
        self.lose(record, DropReason::QueueFull);
        // It was woken when the ring was half full, and has not come yet.
        self.ring_fulls = self.ring_fulls.wrapping_add(1);
        if self.ring_fulls.is_multiple_of(pool::LOOK_EVERY) {
            bus::wake();
        }
    }

    #[cold]
    #[inline(never)]
    fn still_refused(&mut self) -> Option<DropReason> {
        self.refused = pool::refuses();
        self.refused
    }

    fn tell(&mut self) {
        pool::hand_over(self.handed_over.wrapping_sub(self.told));
        self.told = self.handed_over;
    }

    /// Looks up from the ring: how full is it, and how much is on its way?
    #[cold]
    #[inline(never)]
    fn look(&mut self) {
        self.tell();
        self.refused = pool::refuses();
        self.tell_at = self.handed_over.wrapping_add(pool::next_look());
        if self.ring.slots() < RING / 2 {
            bus::wake();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.tell();
    }
}

/// Whether it is an event of the process.
#[inline]
pub(super) fn counts(record: &Record) -> bool {
    record.scope == 0 && !record.flags.has(Flags::MESSAGE)
}

/// One writer: a plain load and store, no locked instruction.
#[inline]
fn bump(counter: &AtomicU64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Relaxed,
    );
}

/// Why records are lost before the bus has them.
const COUNTED: [DropReason; 5] = [
    DropReason::QueueFull,
    DropReason::BytesFull,
    DropReason::Disabled,
    DropReason::SampledOut,
    DropReason::Filtered,
];
/// Records a thread may be ahead of the bus.
pub(super) const RING: usize = 4096;

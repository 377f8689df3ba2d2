//! Where the `tracestate` and the baggage of open traces are kept, so that a context that carries
//! them is still a small copy: it holds the number of an entry here.
//!
//! An entry is safe while an event of this process that stands at the top of its local trace is
//! open. Before and after that it stays for stragglers until its place is needed: the oldest goes
//! first. A context whose entry is gone carries nothing; its ids are not touched.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::context::baggage::Baggage;
use crate::context::tracestate::TraceState;
use crate::fork;

/// What a context carries beside its ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) tracestate: TraceState,
    pub(crate) baggage: Baggage,
}

/// The number of an entry. A place that is used again has another number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Handle(u32);

impl Handle {
    pub(crate) const NONE: Self = Self(0);

    /// Enters what is carried; it is `NONE` where that is nothing, or where all places belong to
    /// open traces.
    pub(crate) fn new(carried: Carried) -> Self {
        if carried == Carried::default() {
            return Self::NONE;
        }
        fork::lock(&TABLE).map_or(Self::NONE, |mut table| table.insert(carried))
    }

    /// What it stands for; nothing if its entry has gone.
    pub(crate) fn read(self) -> Carried {
        if self == Self::NONE {
            return Carried::default();
        }
        fork::lock(&TABLE)
            .map(|table| table.read(self))
            .unwrap_or_default()
    }

    /// A local trace begins that carries it.
    #[inline]
    pub(crate) fn hold(self) {
        if self != Self::NONE {
            self.hold_entry();
        }
    }

    #[cold]
    #[inline(never)]
    fn hold_entry(self) {
        if let Some(mut table) = fork::lock(&TABLE) {
            table.hold(self);
        }
    }

    /// That trace has ended.
    #[inline]
    pub(crate) fn release(self) {
        if self != Self::NONE {
            self.release_entry();
        }
    }

    #[cold]
    #[inline(never)]
    fn release_entry(self) {
        if let Some(mut table) = fork::lock(&TABLE) {
            table.release(self);
        }
    }

    fn of(place: usize, use_count: u32) -> Self {
        Self(use_count << PLACE_BITS | u32::try_from(place).unwrap_or(0))
    }

    fn place(self) -> usize {
        usize::try_from(self.0 & (PLACES - 1)).unwrap_or(0)
    }
}

#[derive(Debug, Default)]
struct Table {
    slots: Vec<Slot>,
    /// Places without an entry.
    free: Vec<usize>,
    /// Places in the order in which they may be taken away; each is in it at most once.
    oldest: VecDeque<usize>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Slot {
    handle: Handle,
    carried: Carried,
    /// How often it was used; part of the handle, never zero there.
    uses: u32,
    /// How many open local traces carry it.
    holders: u32,
    /// It is in `oldest`.
    queued: bool,
}

impl Table {
    fn insert(&mut self, carried: Carried) -> Handle {
        let bytes = carried.bytes();
        while self.bytes + bytes > BYTES || (self.free.is_empty() && self.is_full()) {
            if !self.evict() {
                return Handle::NONE;
            }
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let Some(slot) = self.slots.get_mut(place) else {
            return Handle::NONE;
        };
        slot.uses = slot.uses % MOST_USES + 1;
        slot.handle = Handle::of(place, slot.uses);
        slot.carried = carried;
        slot.queued = true;
        self.oldest.push_back(place);
        self.bytes += bytes;
        slot.handle
    }

    /// Takes away the oldest entry that nobody holds; false if there is none.
    fn evict(&mut self) -> bool {
        while let Some(place) = self.oldest.pop_front() {
            let Some(slot) = self.slots.get_mut(place) else {
                continue;
            };
            slot.queued = false;
            if slot.holders == 0 {
                slot.handle = Handle::NONE;
                self.bytes -= std::mem::take(&mut slot.carried).bytes();
                self.free.push(place);
                return true;
            }
        }
        false
    }

    fn read(&self, handle: Handle) -> Carried {
        let slot = self.slots.get(handle.place());
        slot.filter(|slot| slot.handle == handle)
            .map(|slot| slot.carried.clone())
            .unwrap_or_default()
    }

    fn hold(&mut self, handle: Handle) {
        if let Some(slot) = self.slot(handle) {
            slot.holders += 1;
        }
    }

    fn release(&mut self, handle: Handle) {
        let Some(slot) = self.slot(handle) else {
            return;
        };
        slot.holders = slot.holders.saturating_sub(1);
        if slot.holders == 0 && !slot.queued {
            slot.queued = true;
            self.oldest.push_back(handle.place());
        }
    }

    fn slot(&mut self, handle: Handle) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(handle.place());
        slot.filter(|slot| slot.handle == handle)
    }

    fn is_full(&self) -> bool {
        self.slots.len() >= PLACES as usize
    }
}

impl Carried {
    fn bytes(&self) -> usize {
        self.tracestate.as_str().len() + self.baggage.as_str().len()
    }
}

const PLACE_BITS: u32 = 13;
const PLACES: u32 = 1 << PLACE_BITS;
const MOST_USES: u32 = (1 << (u32::BITS - PLACE_BITS)) - 1;
/// Of text, in all entries together: 8 MiB.
const BYTES: usize = 8 << 20;

static TABLE: Mutex<Table> = Mutex::new(Table {
    slots: Vec::new(),
    free: Vec::new(),
    oldest: VecDeque::new(),
    bytes: 0,
});

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(text: &str) -> Carried {
        let mut baggage = Baggage::new();
        baggage.insert("key", text).unwrap();
        Carried {
            baggage,
            ..Carried::default()
        }
    }

    #[test]
    fn what_is_entered_can_be_read_until_its_place_is_needed() {
        let mut table = Table::default();
        let first = table.insert(carried("first"));
        assert_eq!(table.read(first), carried("first"));
        for n in 1..PLACES {
            table.insert(carried(&n.to_string()));
        }
        assert_eq!(table.read(first), carried("first"));
        let last = table.insert(carried("last"));
        assert_eq!(table.read(first), Carried::default(), "the oldest went");
        assert_eq!(table.read(last), carried("last"));
        assert_eq!(first.place(), last.place(), "and left its place");
        table.hold(first);
        table.release(first);
        assert_eq!(
            table.read(last),
            carried("last"),
            "an old handle does nothing"
        );
    }

    #[test]
    fn the_entry_of_an_open_trace_stays_and_goes_like_others_afterwards() {
        let mut table = Table::default();
        let open = table.insert(carried("open"));
        table.hold(open);
        for n in 0..2 * PLACES {
            assert_ne!(table.insert(carried(&n.to_string())), Handle::NONE);
        }
        assert_eq!(table.read(open), carried("open"));
        table.release(open);
        for n in 0..PLACES {
            table.insert(carried(&n.to_string()));
        }
        assert_eq!(table.read(open), Carried::default());
    }

    #[test]
    fn entries_are_bounded_in_number_and_in_bytes() {
        let mut table = Table::default();
        for _ in 0..PLACES {
            let handle = table.insert(carried("held"));
            table.hold(handle);
        }
        assert_eq!(table.insert(carried("one more")), Handle::NONE);
        let mut table = Table::default();
        let long = carried(&"v".repeat(8000));
        for _ in 0..2 * BYTES / 8000 {
            table.insert(long.clone());
        }
        assert!(table.bytes <= BYTES && table.bytes > BYTES - 2 * long.bytes());
        assert_eq!(table.slots.len(), table.free.len() + table.oldest.len());
    }

    #[test]
    fn a_context_that_carries_nothing_takes_no_place() {
        assert_eq!(Handle::new(Carried::default()), Handle::NONE);
        assert_eq!(Handle::NONE.read(), Carried::default());
    }
}

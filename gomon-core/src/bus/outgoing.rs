//! What the bus has decided on: batches for the listeners, and the way home of the rest.

use std::sync::Arc;

use crate::bus::BUS;
use crate::bus::fan_out::Account;
use crate::bus::pool::{self, Home};
use crate::bus::reason::DropReason;
use crate::event::Event;
use crate::event::batch::{Batch, Homes, Slice};
use crate::event::flags::Flags;
use crate::event::handed::Brief;
use crate::event::record::Record;
use crate::sampling::sampler::{Taker, Verdict};

/// An event on the bus, and where its record came from.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) event: Event,
    pub(super) home: HomeIndex,
    /// Something lies beside the record.
    pub(super) beside: bool,
}

impl Staged {
    #[inline(always)]
    pub(super) fn new(record: Box<Record>, brief: &Brief, home: HomeIndex, weight: f64) -> Self {
        let event = Event {
            record,
            fp: brief.fp,
            weight,
        };
        Self {
            event,
            home,
            beside: brief.flags().has(Flags::BESIDE),
        }
    }
}

/// The homes of the threads that the bus knows, by a number that is cheap to copy.
#[derive(Debug, Default)]
pub(super) struct HomeTable {
    homes: Vec<Arc<Home>>,
    free: Vec<HomeIndex>,
}

/// A place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HomeIndex(u32);

impl HomeIndex {
    /// The record is the bus's own.
    pub(super) const OWN: Self = Self(u32::MAX);
    /// The record is of a thread that is past its stock.
    pub(super) const RINGLESS: Self = Self(u32::MAX - 1);

    fn place(self) -> usize {
        self.0 as usize
    }
}

impl HomeTable {
    pub(super) fn add(&mut self, home: Arc<Home>) -> HomeIndex {
        if let Some(index) = self.free.pop()
            && let Some(place) = self.homes.get_mut(index.place())
        {
            *place = home;
            return index;
        }
        let index = HomeIndex(u32::try_from(self.homes.len()).unwrap_or(u32::MAX));
        self.homes.push(home);
        index
    }

    /// Its thread has ended. Until another takes the place, its records go to the depot by it; after
    /// that they go to the other.
    pub(super) fn remove(&mut self, index: HomeIndex) {
        self.free.push(index);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Home>> {
        self.homes.iter()
    }

    fn get(&self, index: HomeIndex) -> Option<&Arc<Home>> {
        self.homes.get(index.place())
    }
}

/// A batch that is being filled.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    events: Vec<Event>,
    /// The home of those that were added last.
    home: Option<HomeIndex>,
    /// Homes, and from which event on.
    runs: Vec<(HomeIndex, usize)>,
    /// Places of events that have something beside their records.
    beside: Vec<u32>,
}

impl Outgoing {
    // Always: what is written field by field and then moved as a whole has to wait for itself.
    #[inline(always)]
    pub(super) fn push(&mut self, staged: Staged) {
        if self.home != Some(staged.home) {
            self.begin_run(staged.home);
        }
        if staged.beside {
            self.note_beside();
        }
        self.events.push(staged.event);
    }

    #[cold]
    #[inline(never)]
    fn begin_run(&mut self, home: HomeIndex) {
        self.home = Some(home);
        self.runs.push((home, self.events.len()));
    }

    #[inline(never)]
    fn note_beside(&mut self) {
        let place = u32::try_from(self.events.len());
        self.beside.push(place.unwrap_or(u32::MAX));
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= pool::FULL
    }

    /// The batch, unless it is empty.
    pub(super) fn take(&mut self, table: &HomeTable) -> Option<Batch> {
        if self.events.is_empty() {
            return None;
        }
        let homes = self.homes(table);
        let own = self.runs().filter(|(home, _)| *home == HomeIndex::OWN);
        // The others were handed over by threads.
        let handed_over = self.events.len() - own.map(|(_, count)| count).sum::<usize>();
        let events = std::mem::replace(&mut self.events, pool::empty());
        let beside = std::mem::take(&mut self.beside);
        self.home = None;
        self.runs.clear();
        Some(Batch::new(events, beside, homes, handed_over))
    }

    /// Homes of as many events in a row.
    fn runs(&self) -> impl Iterator<Item = (HomeIndex, usize)> {
        let ends = self.runs.iter().skip(1).map(|(_, from)| *from);
        let ends = ends.chain([self.events.len()]);
        let runs = self.runs.iter().zip(ends);
        runs.map(|((home, from), end)| (*home, end - from))
    }

    /// Where the records are from.
    fn homes(&self, table: &HomeTable) -> Homes {
        match self.runs.as_slice() {
            [(home, _)] => table
                .get(*home)
                .map_or(Homes::None, |home| Homes::One(Arc::clone(home))),
            _ => several_homes(self.runs(), table),
        }
    }
}

/// Each home once, and which of them it is run by run: the records of a home go back together.
fn several_homes(runs: impl Iterator<Item = (HomeIndex, usize)>, table: &HomeTable) -> Homes {
    let mut known: Vec<HomeIndex> = Vec::new();
    let mut homes = Vec::new();
    let mut place = |index: HomeIndex| {
        let at = known.iter().position(|other| *other == index);
        at.or_else(|| {
            homes.push(Arc::clone(table.get(index)?));
            known.push(index);
            Some(known.len() - 1)
        })
    };
    let runs = runs.map(|(home, count)| (place(home), count));
    let runs = runs.collect();
    Homes::Many(homes, runs)
}

/// Sends what is kept on its way, batch by batch, and gives back what is not. The listeners are to be told by
/// `FanOut::announce`.
pub(super) struct Decided<'a> {
    kept: &'a mut Outgoing,
    discarded: &'a mut Outgoing,
    homes: &'a HomeTable,
    /// Whose events the batch is of.
    scope: u32,
    sampled_out: u64,
}

impl<'a> Decided<'a> {
    pub(super) fn new(
        kept: &'a mut Outgoing,
        discarded: &'a mut Outgoing,
        homes: &'a HomeTable,
    ) -> Self {
        Self {
            kept,
            discarded,
            homes,
            scope: 0,
            sampled_out: 0,
        }
    }

    #[inline(always)]
    pub(super) fn keep(&mut self, staged: Staged, scope: u32) {
        if self.kept.is_full() || scope != self.scope {
            self.pass();
            self.scope = scope;
        }
        self.kept.push(staged);
    }

    pub(super) fn finish(mut self) {
        self.pass();
        drop(self.discarded.take(self.homes));
        if self.sampled_out > 0 {
            let mut lost = Account::ZERO;
            lost.created = self.sampled_out;
            lost.lose(DropReason::SampledOut, self.sampled_out);
            BUS.root.lost(&lost);
        }
    }

    fn pass(&mut self) {
        if let Some(batch) = self.kept.take(self.homes) {
            BUS.root.pass_quietly(&Slice::whole(batch), self.scope);
        }
    }
}

impl Taker<Staged> for Decided<'_> {
    #[inline(always)]
    fn take(&mut self, mut staged: Staged, verdict: Verdict) {
        match verdict {
            Verdict::Keep { weight } => {
                if let Some(weight) = weight {
                    // More if it was sampled at its head: both look at the same bits.
                    if weight > staged.event.weight {
                        staged.event.weight = weight;
                    }
                }
                self.keep(staged, 0);
            }
            Verdict::Drop => {
                self.sampled_out += 1;
                self.discarded.push(staged);
                if self.discarded.is_full() {
                    drop(self.discarded.take(self.homes));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::link::RING;
    use crate::bus::pool::Stock;

    fn staged(home: HomeIndex) -> Staged {
        let record = pool::fresh();
        Staged {
            event: Event::new(record),
            home,
            beside: false,
        }
    }

    #[test]
    fn records_of_several_threads_go_home_together_however_they_were_mixed() {
        let stocks = [Stock::new(), Stock::new()];
        let mut table = HomeTable::default();
        let homes: Vec<_> = stocks
            .iter()
            .map(|stock| table.add(Arc::clone(stock.home())))
            .collect();
        let mut batch = Outgoing::default();
        for turn in 0..60 {
            batch.push(staged(homes[turn % 2]));
            if turn % 10 == 0 {
                batch.push(staged(HomeIndex::OWN));
                batch.push(staged(HomeIndex::RINGLESS));
            }
        }
        // Each home once: to bring records there takes its lock.
        match batch.homes(&table) {
            Homes::Many(homes, runs) => assert_eq!((homes.len(), runs.len()), (2, 72)),
            other => panic!("{other:?}"),
        }
        drop(batch.take(&table));
        for stock in &stocks {
            assert_eq!(stock.home().waiting(), [30]);
        }
    }

    #[test]
    fn all_that_a_ring_may_hold_waits_at_home_in_whatever_parts_it_came() {
        let stock = Stock::new();
        let mut table = HomeTable::default();
        let home = table.add(Arc::clone(stock.home()));
        // The smallest parts of which no two make one magazine.
        let part = pool::FULL / 2 + 1;
        let parts = RING.div_ceil(part);
        for _ in 0..parts {
            let mut batch = Outgoing::default();
            (0..part).for_each(|_| batch.push(staged(home)));
            drop(batch.take(&table));
        }
        assert_eq!(stock.home().waiting(), vec![part; parts]);
    }

    #[test]
    fn few_records_at_a_time_make_one_magazine() {
        let stock = Stock::new();
        let mut table = HomeTable::default();
        let home = table.add(Arc::clone(stock.home()));
        for _ in 0..pool::FULL / 2 + 1 {
            let mut batch = Outgoing::default();
            (0..2).for_each(|_| batch.push(staged(home)));
            drop(batch.take(&table));
        }
        assert_eq!(stock.home().waiting(), [pool::FULL, 2]);
    }
}

//! All series of a run.

use std::sync::Arc;

use super::label::Labels;
use super::series::{Ending, Series};
use crate::sampling::hash::Keyed;

/// The series by a hash of fingerprint and labels. It has 64 bits and secret keys, so that two
/// series are never one, and no text is compared. None is ever forgotten: sums only grow.
///
/// Once there are as many as allowed, an event of new labels counts in its fingerprint's overflow
/// series: sums by fingerprint stay exact.
#[derive(Debug)]
pub(super) struct Table {
    keys: Keyed,
    /// By hash, open addressing, a power of two and at most half full.
    index: Vec<Place>,
    slots: Vec<Slot>,
    /// Series other than those of overflow, and how many there may be.
    count: usize,
    limit: usize,
    /// Fingerprints by their address: most events have one of a few.
    recent: [Recent; RECENT],
}

/// What is known of a fingerprint.
#[derive(Clone, Copy, Debug)]
struct Recent {
    fp: &'static str,
    hash: u64,
    /// The slot of its series without labels, or [`NOBODY`].
    slot: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u64,
    /// The slot, or [`NOBODY`].
    slot: u32,
}

/// A series, and whether a snapshot has it too: it is then copied before it changes.
#[derive(Debug)]
enum Slot {
    Live(Series),
    Shared(Arc<Series>),
}

impl Table {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            keys: Keyed::new(),
            index: vec![Place::FREE; FIRST_PLACES],
            slots: Vec::new(),
            count: 0,
            limit,
            recent: [Recent::NONE; RECENT],
        }
    }

    /// The keys of all hashes here.
    pub(super) fn keys(&self) -> Keyed {
        self.keys
    }

    /// The hash of a fingerprint.
    #[inline]
    pub(super) fn hash(&mut self, fp: &'static str) -> u64 {
        match self.recent.get_mut(Recent::place(fp)) {
            Some(known) if std::ptr::eq(known.fp, fp) => known.hash,
            place => {
                let hash = self.keys.text(fp, 0);
                if let Some(place) = place {
                    let slot = NOBODY;
                    *place = Recent { fp, hash, slot };
                }
                hash
            }
        }
    }

    /// Counts an event that has no labels.
    #[inline(always)]
    pub(super) fn record_unlabelled(&mut self, fp: &'static str, ending: Ending) {
        if let Some(known) = self.recent.get(Recent::place(fp))
            && std::ptr::eq(known.fp, fp)
            && let Some(slot) = self.slots.get_mut(known.slot as usize)
        {
            return slot.live().record(ending);
        }
        self.find_unlabelled(fp, ending);
    }

    #[cold]
    #[inline(never)]
    fn find_unlabelled(&mut self, fp: &'static str, ending: Ending) {
        let hash = self.hash(fp);
        self.record(hash, ending, fp, Labels::default);
        // Where there is no place for more, it counts in the overflow series, until the end.
        let slot = self.find(hash).and_then(|slot| u32::try_from(slot).ok());
        if let Some(known) = self.recent.get_mut(Recent::place(fp)) {
            known.slot = slot.unwrap_or(NOBODY);
        }
    }

    /// Counts an event by the hash of its fingerprint and labels.
    #[inline]
    pub(super) fn record(
        &mut self,
        hash: u64,
        ending: Ending,
        fp: &'static str,
        labels: impl FnOnce() -> Labels,
    ) {
        let slot = match self.find(hash) {
            Some(slot) => slot,
            None => self.place_for(hash, fp, labels),
        };
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.live().record(ending);
        }
    }

    /// All series, shared with whom they are given to.
    pub(super) fn share(&mut self) -> Vec<Arc<Series>> {
        self.slots.iter_mut().map(Slot::share).collect()
    }

    #[inline]
    fn find(&self, hash: u64) -> Option<usize> {
        let mut at = self.first_place(hash);
        loop {
            let place = self.index.get(at)?;
            if place.slot == NOBODY {
                return None;
            }
            if place.hash == hash {
                return Some(place.slot as usize);
            }
            at = (at + 1) & (self.index.len() - 1);
        }
    }

    /// The slot of what is new.
    #[cold]
    fn place_for(&mut self, hash: u64, fp: &'static str, labels: impl FnOnce() -> Labels) -> usize {
        if self.count < self.limit {
            self.count += 1;
            return self.insert(
                hash,
                Series {
                    fp,
                    labels: labels(),
                    ..Series::default()
                },
            );
        }
        let overflows = self.slots.len() - self.count;
        let own = self.keys.text(fp, OVERFLOW_SEED);
        match self.find(own) {
            Some(slot) => slot,
            None if overflows < MOST_OVERFLOWS => self.insert(own, Series::overflow(fp)),
            None => {
                let fp = OVERFLOW;
                let common = self.keys.text(fp, OVERFLOW_SEED);
                self.find(common)
                    .unwrap_or_else(|| self.insert(common, Series::overflow(fp)))
            }
        }
    }

    fn insert(&mut self, hash: u64, series: Series) -> usize {
        let slot = self.slots.len();
        self.slots.push(Slot::Live(series));
        if self.slots.len() * 2 > self.index.len() {
            self.grow();
        }
        self.put(Place {
            hash,
            slot: u32::try_from(slot).unwrap_or(NOBODY),
        });
        slot
    }

    fn grow(&mut self) {
        let twice = vec![Place::FREE; self.index.len() * 2];
        let old = std::mem::replace(&mut self.index, twice);
        let used = old.into_iter().filter(|place| place.slot != NOBODY);
        used.for_each(|place| self.put(place));
    }

    fn put(&mut self, new: Place) {
        let mut at = self.first_place(new.hash);
        while let Some(place) = self.index.get_mut(at) {
            if place.slot == NOBODY {
                *place = new;
                return;
            }
            at = (at + 1) & (self.index.len() - 1);
        }
    }

    fn first_place(&self, hash: u64) -> usize {
        usize::try_from(hash & (self.index.len() as u64 - 1)).unwrap_or(0)
    }
}

impl Recent {
    const NONE: Self = Self {
        fp: "",
        hash: 0,
        slot: NOBODY,
    };

    #[inline]
    fn place(fp: &str) -> usize {
        (fp.as_ptr().addr() ^ fp.len()) % RECENT
    }
}

impl Place {
    const FREE: Self = Self {
        hash: 0,
        slot: NOBODY,
    };
}

impl Slot {
    #[inline(always)]
    fn live(&mut self) -> &mut Series {
        if let Self::Shared(series) = self {
            *self = Self::copied(series);
        }
        match self {
            Self::Live(series) => series,
            Self::Shared(series) => Arc::make_mut(series),
        }
    }

    #[cold]
    #[inline(never)]
    fn copied(series: &Series) -> Self {
        Self::Live(series.clone())
    }

    fn share(&mut self) -> Arc<Series> {
        let shared = match self {
            Self::Live(series) => Arc::new(std::mem::take(series)),
            Self::Shared(series) => Arc::clone(series),
        };
        *self = Self::Shared(Arc::clone(&shared));
        shared
    }
}

impl Series {
    fn overflow(fp: &'static str) -> Self {
        Self {
            fp,
            is_overflow: true,
            ..Self::default()
        }
    }
}

/// The fingerprint of the one series for what found no place elsewhere.
const OVERFLOW: &str = "overflow";
const NOBODY: u32 = u32::MAX;
const FIRST_PLACES: usize = 256;
const RECENT: usize = 64;
/// Fingerprints with an overflow series of their own; the others have one together.
const MOST_OVERFLOWS: usize = 256;
/// Any number but the one a series with labels begins with.
const OVERFLOW_SEED: u64 = u64::MAX;

#[cfg(test)]
impl Table {
    /// Counts an event with a route as its label.
    pub(super) fn record_route(&mut self, fp: &'static str, route: &str, ending: Ending) {
        let hash = self.keys.text(route, self.hash(fp));
        let labels = || Labels::new([route, "", "", "", "", "", "", ""]);
        self.record(hash, ending, fp, labels);
    }
}

#[cfg(test)]
mod tests {
    use super::super::label::Label;
    use super::*;
    use crate::event::outcome::Outcome;

    const ENDING: Ending = Ending {
        outcome: Outcome::Completed,
        nanos: 1000,
        has_error: false,
    };

    fn counts(table: &mut Table) -> Vec<(&'static str, String, bool, u64)> {
        let series = table.share();
        let row = |series: &Arc<Series>| {
            let route = series.label(Label::Route).unwrap_or("").to_owned();
            (series.fp(), route, series.is_overflow(), series.count())
        };
        series.iter().map(row).collect()
    }

    #[test]
    fn each_fingerprint_and_label_set_has_a_series() {
        let mut table = Table::new(10);
        for (fp, path) in [
            ("a", "/1"),
            ("a", "/2"),
            ("b", "/1"),
            ("a", "/1"),
            ("a", ""),
        ] {
            table.record_route(fp, path, ENDING);
        }
        assert_eq!(
            counts(&mut table),
            [
                ("a", "/1".into(), false, 2),
                ("a", "/2".into(), false, 1),
                ("b", "/1".into(), false, 1),
                ("a", String::new(), false, 1),
            ]
        );
    }

    #[test]
    fn beyond_the_limit_sums_by_fingerprint_stay_exact() {
        let mut table = Table::new(3);
        for round in 0..4 {
            for n in 0..100 {
                let fp = if n % 2 == 0 { "even" } else { "odd" };
                table.record_route(fp, &format!("/{n}"), ENDING);
            }
            let rows = counts(&mut table);
            assert_eq!(rows.len(), 5, "round {round}");
            let sum = |fp| rows.iter().filter(|row| row.0 == fp).map(|row| row.3).sum();
            assert_eq!(
                (sum("even"), sum("odd")),
                (50 * (round + 1), 50 * (round + 1))
            );
            assert_eq!(rows.iter().filter(|row| row.2).count(), 2);
        }
    }

    #[test]
    fn a_hundred_thousand_labels_take_no_more_than_the_limit() {
        let mut table = Table::new(2000);
        for n in 0..100_000 {
            table.record_route("a", &format!("/{n}"), ENDING);
        }
        assert_eq!((table.slots.len(), table.index.len()), (2001, 4096));
        let sum: u64 = counts(&mut table).iter().map(|row| row.3).sum();
        assert_eq!(sum, 100_000);
    }

    #[test]
    fn overflow_series_are_bounded_too() {
        let mut table = Table::new(0);
        for n in 0..1000 {
            let fp = Box::leak(format!("fp-{n}").into_boxed_str());
            (0..2).for_each(|_| table.record_route(fp, "", ENDING));
        }
        let rows = counts(&mut table);
        assert_eq!(rows.len(), MOST_OVERFLOWS + 1);
        assert_eq!(rows.iter().map(|row| row.3).sum::<u64>(), 2000);
        assert_eq!(rows.last().unwrap().0, OVERFLOW);
    }

    #[test]
    fn thousands_of_series_are_found_again() {
        let mut table = Table::new(5000);
        for _ in 0..3 {
            for n in 0..5000 {
                table.record_route("a", &format!("/{n}"), ENDING);
            }
        }
        let rows = counts(&mut table);
        assert_eq!(rows.len(), 5000);
        assert!(rows.iter().all(|row| row.3 == 3));
    }

    #[test]
    fn what_was_shared_does_not_change_and_what_did_not_change_is_not_copied() {
        let mut table = Table::new(10);
        table.record_route("a", "/1", ENDING);
        table.record_route("a", "/2", ENDING);
        let before = table.share();
        table.record_route("a", "/1", ENDING);
        let after = table.share();
        assert_eq!((before[0].count(), after[0].count()), (1, 2));
        assert!(Arc::ptr_eq(&before[1], &after[1]));
    }
}

//! What several rings had, put in order.

use super::outgoing::HomeIndex;
use crate::clock::Stamp;
use crate::event::handed::Handed;

/// Events of a cycle, in the order in which the rings were read.
#[derive(Default)]
pub(super) struct Stage {
    events: Vec<Option<Staging>>,
    /// When each ended, whose it is and where it lies: to sort these moves a quarter of what it would to sort the events.
    order: Vec<(Stamp, u32, u32)>,
}

pub(super) type Staging = (Handed, HomeIndex);

impl Stage {
    pub(super) fn push(&mut self, handed: Handed, home: HomeIndex) {
        self.events.push(Some((handed, home)));
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Takes out what was added after so many.
    pub(super) fn take_after(&mut self, count: usize) -> impl Iterator<Item = Staging> {
        self.events.drain(count..).flatten()
    }

    /// Takes all of them out, by recorder and in the order in which they ended. One ring is in that order already.
    pub(super) fn take_in_order(&mut self, several_sources: bool) -> impl Iterator<Item = Staging> {
        let Self { events, order } = self;
        order.clear();
        let numbered = (0..).zip(events.iter().flatten());
        order
            .extend(numbered.map(|(at, (handed, _))| (handed.brief.end, handed.brief.scope(), at)));
        if several_sources {
            // Each ring is nearly in order, so this is nearly a merge. Of two that ended at once the first was read first.
            order.sort_by_key(|(end, scope, _)| (*scope, *end));
        }
        order
            .drain(..)
            .filter_map(|(_, _, at)| events.get_mut(at as usize)?.take())
    }

    /// Forgets the places of what was taken out.
    pub(super) fn clear(&mut self) {
        self.events.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::pool;

    fn stage(ends: &[(u32, Stamp)]) -> Stage {
        let mut stage = Stage::default();
        for (scope, end) in ends {
            let mut record = pool::fresh();
            record.scope = *scope;
            stage.push(Handed::new(record, *end), HomeIndex::OWN);
        }
        stage
    }

    fn taken(stage: &mut Stage, several_sources: bool) -> Vec<(u32, Stamp)> {
        let taken = stage.take_in_order(several_sources);
        let taken = taken.map(|(handed, _)| (handed.brief.scope(), handed.brief.end));
        let taken = taken.collect();
        stage.clear();
        taken
    }

    #[test]
    fn several_rings_come_out_by_recorder_and_end() {
        let mut stage = stage(&[(0, 1), (0, 4), (7, 2), (0, 2), (0, 3)]);
        let expected = [(0, 1), (0, 2), (0, 3), (0, 4), (7, 2)];
        assert_eq!(taken(&mut stage, true), expected);
        assert_eq!((stage.len(), taken(&mut stage, true)), (0, vec![]));
    }

    #[test]
    fn one_ring_comes_out_as_it_was_read() {
        let ends = [(0, 2), (0, 1), (0, 3)];
        assert_eq!(taken(&mut stage(&ends), false), ends);
    }

    #[test]
    fn what_is_taken_after_some_leaves_these() {
        let mut stage = stage(&[(0, 1), (0, 2), (0, 3)]);
        assert_eq!(stage.take_after(1).count(), 2);
        assert_eq!(taken(&mut stage, true), [(0, 1)]);
    }
}

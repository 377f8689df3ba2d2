//! The waits that a unit has open.

use std::iter::successors;
use std::panic::Location;

use crate::clock::Stamp;
use crate::wait::kind::Kind;
use crate::wait::leaves::Leaves;

/// The open waits of one unit, and which of them count.
///
/// A wait *counts* while the future that opened it is awaited. Nobody says which futures are, but
/// one that is polled with its unit's own waker is polled in each poll of the unit for as long as
/// it is awaited: such a wait counts only if the last poll came by. One that has a waker of its
/// own, as inside of `FuturesUnordered`, counts until it is closed.
///
/// A wait that others are open inside of is no *leaf*: these have its time.
///
/// [`PLACES`] waits are told apart. More of them, in a join of many, count from open to close.
#[derive(Debug, Default)]
pub(crate) struct Table {
    places: [Option<Open>; PLACES],
    /// Those that found no place.
    others: Leaves,
    opened: u64,
    /// How many touches there were before the last poll.
    began: u64,
}

/// Names an open wait of a table. Who opened it closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticket {
    /// The place, and the number of the wait in it.
    Placed(usize, u64),
    /// It found no place.
    Other(Option<Kind>),
}

/// A poll of a future behind a wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    /// Each unit counts them.
    pub(crate) number: u64,
    /// It was polled with its unit's own waker.
    pub(crate) by_unit: bool,
}

impl Touch {
    /// Its future is awaited until the wait is closed.
    #[cfg(feature = "tokio")]
    pub(crate) const LASTING: Self = Self {
        number: 0,
        by_unit: false,
    };
}

#[derive(Clone, Copy, Debug)]
struct Open {
    number: u64,
    /// One, or those of the unit that is awaited.
    leaves: Leaves,
    /// Where its future was made.
    at: Option<&'static Location<'static>>,
    since: Stamp,
    /// The wait that it is inside of.
    inside: Option<Ticket>,
    touch: Touch,
    /// The number of the last [`Said`] that came.
    said: u64,
}

/// What the unit that is awaited waits for, as it said once. It says so when its lock is let go:
/// what it said first may come last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    /// Each unit counts what it says, from one.
    pub(crate) number: u64,
    pub(crate) leaves: Leaves,
}

/// What is known of a wait that is about to be open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    /// None for the leaves of a unit, which it [shows](Table::show) later.
    pub(crate) kind: Option<Kind>,
    pub(crate) at: Option<&'static Location<'static>>,
    pub(crate) inside: Option<Ticket>,
    pub(crate) touch: Touch,
    /// What was touched after this is inside of it: a wait is open after the first poll of what it
    /// is for.
    pub(crate) after: u64,
}

/// See [`Table::longest`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Longest {
    pub(crate) kind: Kind,
    pub(crate) since: Stamp,
    /// Where its future was made.
    pub(crate) at: Option<&'static Location<'static>>,
}

impl Table {
    /// A poll begins, after so many touches.
    pub(crate) fn begin(&mut self, touches: u64) {
        self.began = touches;
    }

    /// Forgets all waits: of most units there were none.
    pub(crate) fn restart(&mut self) {
        if self.opened > 0 || !self.others.is_empty() {
            *self = Self::default();
        }
        self.began = 0;
    }

    pub(crate) fn open(&mut self, opening: &Opening, since: Stamp) -> Ticket {
        let leaves = opening.kind.map(Leaves::one).unwrap_or_default();
        let Some(place) = self.places.iter().position(Option::is_none) else {
            self.others.add(&leaves);
            return Ticket::Other(opening.kind);
        };
        self.opened += 1;
        let ticket = Ticket::Placed(place, self.opened);
        for open in self.places.iter_mut().flatten() {
            if open.inside == opening.inside && open.touch.number > opening.after {
                open.inside = Some(ticket);
            }
        }
        if let Some(place) = self.places.get_mut(place) {
            *place = Some(Open {
                number: self.opened,
                leaves,
                at: opening.at,
                since,
                inside: opening.inside,
                touch: opening.touch,
                said: 0,
            });
        }
        ticket
    }

    /// The future behind a wait was polled again and is still pending.
    pub(crate) fn touch(&mut self, ticket: Ticket, touch: Touch) {
        if let Some(open) = self.find_mut(ticket) {
            open.touch = touch;
        }
    }

    /// The unit that is awaited has other leaves now, unless it has said something newer already.
    pub(crate) fn show(&mut self, ticket: Ticket, said: Said) {
        if let Some(open) = self.find_mut(ticket)
            && open.said < said.number
        {
            (open.said, open.leaves) = (said.number, said.leaves);
        }
    }

    pub(crate) fn close(&mut self, ticket: Ticket) {
        let place = match ticket {
            Ticket::Placed(place, _) => place,
            Ticket::Other(kind) => {
                let leaves = kind.map(Leaves::one).unwrap_or_default();
                return self.others.remove(&leaves);
            }
        };
        let Some(closed) = self.find_mut(ticket).copied() else {
            return;
        };
        if let Some(place) = self.places.get_mut(place) {
            *place = None;
        }
        // What outlives it is inside of what it was inside of.
        for open in self.places.iter_mut().flatten() {
            if open.inside == Some(ticket) {
                open.inside = closed.inside;
            }
        }
    }

    /// The leaves among the waits that count.
    pub(crate) fn leaves(&self) -> Leaves {
        let mut leaves = self.others;
        for open in self.counted_leaves() {
            leaves.add(&open.leaves);
        }
        leaves
    }

    /// The leaf that has been open longest.
    pub(crate) fn longest(&self) -> Option<Longest> {
        let longest = self.counted_leaves().min_by_key(|open| open.since)?;
        Some(Longest {
            kind: longest.leaves.first()?,
            since: longest.since,
            at: longest.at,
        })
    }

    fn counted_leaves(&self) -> impl Iterator<Item = &Open> {
        self.counted().filter(|open| {
            let is_round =
                |other: &Open| self.outer(other).any(|outer| outer.number == open.number);
            !self.counted().any(is_round)
        })
    }

    fn counted(&self) -> impl Iterator<Item = &Open> {
        let open = self.places.iter().flatten();
        open.filter(|open| {
            let awaited =
                self.is_awaited(open) && self.outer(open).all(|outer| self.is_awaited(outer));
            awaited && !open.leaves.is_empty()
        })
    }

    fn is_awaited(&self, open: &Open) -> bool {
        !open.touch.by_unit || open.touch.number > self.began
    }

    /// The waits that one is inside of.
    fn outer<'a>(&'a self, open: &Open) -> impl Iterator<Item = &'a Open> {
        successors(self.find(open.inside), |outer| self.find(outer.inside))
    }

    fn find(&self, ticket: Option<Ticket>) -> Option<&Open> {
        let Some(Ticket::Placed(place, number)) = ticket else {
            return None;
        };
        let open = self.places.get(place)?.as_ref();
        open.filter(|open| open.number == number)
    }

    fn find_mut(&mut self, ticket: Ticket) -> Option<&mut Open> {
        let Ticket::Placed(place, number) = ticket else {
            return None;
        };
        let open = self.places.get_mut(place)?.as_mut();
        open.filter(|open| open.number == number)
    }
}

/// How many waits of a unit are told apart.
const PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    /// A unit's table, whose futures are all polled with its waker unless the test says otherwise.
    #[derive(Default)]
    struct Unit {
        table: Table,
        touches: u64,
    }

    impl Unit {
        fn poll(&mut self) -> &mut Self {
            self.table.begin(self.touches);
            self
        }

        fn touch(&mut self, by_unit: bool) -> Touch {
            self.touches += 1;
            Touch {
                number: self.touches,
                by_unit,
            }
        }

        fn open(&mut self, kind: Kind, by_unit: bool, inside: Option<Ticket>) -> Ticket {
            self.open_after(self.touches, kind, by_unit, inside)
        }

        fn open_after(
            &mut self,
            after: u64,
            kind: Kind,
            by_unit: bool,
            inside: Option<Ticket>,
        ) -> Ticket {
            let touch = self.touch(by_unit);
            let since = touch.number;
            let opening = Opening {
                kind: Some(kind),
                at: None,
                inside,
                touch,
                after,
            };
            self.table.open(&opening, since)
        }

        /// The wait for another unit.
        fn open_unit(&mut self) -> Ticket {
            let touch = self.touch(true);
            let opening = Opening {
                kind: None,
                at: None,
                inside: None,
                touch,
                after: touch.number,
            };
            self.table.open(&opening, 0)
        }

        fn touched(&mut self, ticket: Ticket) {
            let touch = self.touch(true);
            self.table.touch(ticket, touch);
        }
    }

    fn leaves(kinds: &[Kind]) -> Leaves {
        let mut leaves = Leaves::default();
        for kind in kinds {
            leaves.add(&Leaves::one(*kind));
        }
        leaves
    }

    #[test]
    fn an_open_wait_counts_and_a_closed_one_does_not() {
        let mut unit = Unit::default();
        let lock = unit.poll().open(Kind::Lock, true, None);
        let sleep = unit.open(Kind::Sleep, true, None);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Lock, Kind::Sleep]));
        assert_eq!(
            unit.table.longest().map(|longest| longest.kind),
            Some(Kind::Lock)
        );
        unit.table.close(lock);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Sleep]));
        unit.table.close(sleep);
        assert_eq!(unit.table.leaves(), Leaves::default());
        assert!(unit.table.longest().is_none());
    }

    #[test]
    fn a_wait_that_the_last_poll_passed_by_is_not_awaited() {
        let mut unit = Unit::default();
        let deadline = unit.poll().open(Kind::Sleep, true, None);
        let message = unit.open(Kind::Channel, true, None);
        unit.table.close(message);
        unit.poll().open(Kind::Sql, true, None);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Sql]));
        unit.poll().touched(deadline);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Sleep]));
    }

    #[test]
    fn a_wait_with_a_waker_of_its_own_counts_until_it_is_closed() {
        let mut unit = Unit::default();
        let own = unit.poll().open(Kind::Net, false, None);
        unit.poll().open(Kind::File, true, None);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Net, Kind::File]));
        unit.table.close(own);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::File]));
    }

    #[test]
    fn the_innermost_of_nested_waits_counts() {
        let mut unit = Unit::default();
        unit.poll();
        let before = unit.touches;
        let inner = unit.open(Kind::Net, true, None);
        let middle = unit.open_after(before, Kind::Http, true, None);
        let outer = unit.open_after(before, Kind::Pool, true, None);
        unit.open(Kind::Sleep, true, None);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Net, Kind::Sleep]));
        unit.table.close(inner);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Http, Kind::Sleep]));
        unit.open(Kind::Lock, true, Some(middle));
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Lock, Kind::Sleep]));
        unit.table.close(middle);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Lock, Kind::Sleep]));
        unit.table.close(outer);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Lock, Kind::Sleep]));
    }

    #[test]
    fn waits_inside_of_one_that_is_not_awaited_do_not_count() {
        let mut unit = Unit::default();
        unit.poll();
        let before = unit.touches;
        unit.open(Kind::Net, false, None);
        let outer = unit.open_after(before, Kind::Http, true, None);
        unit.poll().open(Kind::Sql, true, None);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Sql]));
        unit.poll().touched(outer);
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Net]));
    }

    fn said(number: u64, kinds: &[Kind]) -> Said {
        Said {
            number,
            leaves: leaves(kinds),
        }
    }

    #[test]
    fn a_unit_that_is_awaited_shows_its_leaves() {
        let mut unit = Unit::default();
        let ticket = unit.poll().open_unit();
        assert_eq!(unit.table.leaves(), Leaves::default());
        unit.table.show(ticket, said(1, &[Kind::Sql, Kind::Sql]));
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Sql, Kind::Sql]));
        unit.table.close(ticket);
        unit.table.show(ticket, said(2, &[Kind::Sql]));
        assert_eq!(unit.table.leaves(), Leaves::default());
    }

    #[test]
    fn what_a_unit_said_earlier_and_comes_later_is_not_shown() {
        let mut unit = Unit::default();
        let ticket = unit.poll().open_unit();
        unit.table.show(ticket, said(2, &[Kind::Sql]));
        unit.table.show(ticket, said(1, &[]));
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Sql]));
        unit.table.show(ticket, said(3, &[Kind::Lock]));
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Lock]));
    }

    #[test]
    fn more_waits_than_places_count_too() {
        let mut unit = Unit::default();
        unit.poll();
        let many: Vec<_> = (0..1_000)
            .map(|_| unit.open(Kind::Sleep, true, None))
            .collect();
        assert_eq!(unit.table.leaves(), leaves(&[Kind::Sleep; 1_000]));
        for ticket in many {
            unit.table.close(ticket);
        }
        assert_eq!(unit.table.leaves(), Leaves::default());
    }

    proptest! {
        /// Opened inside of whatever, touched or not, and closed in any order.
        #[test]
        fn what_is_open_bounds_what_counts(
            steps in proptest::collection::vec((0..4u8, any::<usize>(), any::<bool>()), 0..100),
        ) {
            let mut unit = Unit::default();
            let mut open: Vec<Ticket> = Vec::new();
            for (step, which, by_unit) in steps {
                let at = which % open.len().max(1);
                let one = open.get(at).copied();
                match (step, one) {
                    (0, Some(ticket)) => {
                        open.swap_remove(at);
                        unit.table.close(ticket);
                    }
                    (1, Some(ticket)) => unit.touched(ticket),
                    (2, _) => {
                        unit.poll();
                    }
                    (_, inside) => {
                        let inside = inside.filter(|_| by_unit);
                        let after = unit.touches.saturating_sub(which as u64 % 4);
                        open.push(unit.open_after(after, Kind::Sql, by_unit, inside));
                    }
                }
                prop_assert!(unit.table.counted_leaves().count() <= open.len());
            }
            for ticket in open {
                unit.table.close(ticket);
            }
            prop_assert_eq!(unit.table.leaves(), Leaves::default());
        }
    }
}

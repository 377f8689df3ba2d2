//! Siblings in any order: which event is which line's.

use super::align::{Aligner, Slot, Step, Takes, size};
use crate::testing::forest::Node;

/// Pairs of slots and events, by their places.
struct Pairs {
    event_of: Vec<Option<usize>>,
    slot_of: Vec<Option<usize>>,
}

pub(super) fn steps<'a>(
    aligner: &Aligner<'a>,
    slots: &[Slot<'a>],
    events: &'a [Node],
) -> Vec<Step<'a>> {
    let holds = |slot: &Slot<'a>, node: &'a Node| match slot.takes {
        Takes::Rest => true,
        Takes::One | Takes::Any => aligner.of_pair(slot.item, node) == 0,
    };
    let fits: Vec<Vec<usize>> = slots
        .iter()
        .map(|slot| match slot.takes {
            Takes::One => {
                let all = (0..).zip(events);
                all.filter(|(_, node)| holds(slot, node))
                    .map(|(at, _)| at)
                    .collect()
            }
            Takes::Any | Takes::Rest => Vec::new(),
        })
        .collect();
    let spare = |node: &'a Node| {
        let mut open = slots.iter().filter(|slot| slot.takes != Takes::One);
        open.find(|slot| holds(slot, node))
    };
    let mut pairs = Pairs {
        event_of: vec![None; slots.len()],
        slot_of: vec![None; events.len()],
    };
    // First the events that have no other place, then the slots. Who has a partner keeps one.
    for (at, node) in events.iter().enumerate() {
        if spare(node).is_none() {
            pairs.seat_event(at, &fits, &mut vec![false; slots.len()]);
        }
    }
    for at in 0..slots.len() {
        if pairs.event_of.get(at) == Some(&None) {
            pairs.seat_slot(at, &fits, &mut vec![false; events.len()]);
        }
    }
    pairs.pair_the_rest(aligner, slots, events, |node| spare(node).is_some());
    let node = |at: &usize| events.get(*at);
    let mut steps: Vec<Step<'a>> = Vec::new();
    for (slot, event) in slots.iter().zip(&pairs.event_of) {
        match (slot.takes, event.as_ref().and_then(node)) {
            (Takes::One, Some(node)) => steps.push(Step::Pair(slot.item, node)),
            (Takes::One, None) => steps.push(Step::Missing(slot.item)),
            (Takes::Any | Takes::Rest, _) => {
                let free = events.iter().zip(&pairs.slot_of);
                let free = free.filter(|(node, taken)| {
                    let mine = |open: &Slot<'a>| open.item.line == slot.item.line;
                    taken.is_none() && spare(node).is_some_and(mine)
                });
                steps.extend(free.map(|(node, _)| match slot.takes {
                    Takes::Rest => Step::Rest(slot.item),
                    _ => Step::Pair(slot.item, node),
                }));
            }
        }
    }
    let free = events.iter().zip(&pairs.slot_of);
    let free = free.filter(|(node, taken)| taken.is_none() && spare(node).is_none());
    steps.extend(free.map(|(node, _)| Step::Extra(node)));
    steps
}

impl Pairs {
    /// Finds a slot for an event; others move on to another slot for it, but none loses its own.
    fn seat_event(&mut self, event: usize, fits: &[Vec<usize>], seen: &mut [bool]) -> bool {
        for (slot, fitting) in fits.iter().enumerate() {
            if !fitting.contains(&event) || seen.get(slot) != Some(&false) {
                continue;
            }
            mark(seen, slot);
            let free = match self.event_of.get(slot).copied().flatten() {
                None => true,
                Some(other) => self.seat_event(other, fits, seen),
            };
            if free {
                self.join(slot, event);
                return true;
            }
        }
        false
    }

    /// The same from the other side.
    fn seat_slot(&mut self, slot: usize, fits: &[Vec<usize>], seen: &mut [bool]) -> bool {
        for event in fits.get(slot).into_iter().flatten() {
            if seen.get(*event) != Some(&false) {
                continue;
            }
            mark(seen, *event);
            let free = match self.slot_of.get(*event).copied().flatten() {
                None => true,
                Some(other) => self.seat_slot(other, fits, seen),
            };
            if free {
                self.join(slot, *event);
                return true;
            }
        }
        false
    }

    /// What has no partner that it agrees with gets the one that it differs least from, if that
    /// is nearer than none.
    fn pair_the_rest<'a>(
        &mut self,
        aligner: &Aligner<'a>,
        slots: &[Slot<'a>],
        events: &'a [Node],
        has_place: impl Fn(&'a Node) -> bool,
    ) {
        for (at, slot) in slots.iter().enumerate() {
            if slot.takes != Takes::One || self.event_of.get(at) != Some(&None) {
                continue;
            }
            let free = events.iter().enumerate().filter(|(event, node)| {
                self.slot_of.get(*event) == Some(&None) && !has_place(node)
            });
            let costs = free.map(|(event, node)| {
                let alone = slot.item.size() + size(node);
                (aligner.of_pair(slot.item, node), alone, event)
            });
            let nearer = costs.filter(|(cost, alone, _)| cost < alone);
            if let Some((_, _, event)) = nearer.min() {
                self.join(at, event);
            }
        }
    }

    fn join(&mut self, slot: usize, event: usize) {
        if let Some(place) = self.event_of.get_mut(slot) {
            *place = Some(event);
        }
        if let Some(place) = self.slot_of.get_mut(event) {
            *place = Some(slot);
        }
    }
}

fn mark(seen: &mut [bool], at: usize) {
    if let Some(place) = seen.get_mut(at) {
        *place = true;
    }
}

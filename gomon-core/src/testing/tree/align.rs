//! Lays events beside the lines of a pattern, so that as few lines as possible differ.

use std::cell::RefCell;
use std::collections::HashMap;

use super::pattern::{Count, Item, Level, Order, What};
use super::unordered;
use crate::testing::forest::Node;

/// What becomes of siblings and of the lines for them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// This event is taken for this line.
    Pair(&'a Item, &'a Node),
    /// There is no event for this line.
    Missing(&'a Item),
    /// There is no line for this event.
    Extra(&'a Node),
    /// An event is one of "any further".
    Rest(&'a Item),
}

/// A place for events: of a line that stands for three there are three.
#[derive(Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) item: &'a Item,
    pub(super) takes: Takes,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Takes {
    One,
    /// As many as hold.
    Any,
    /// Whatever they are.
    Rest,
}

/// Compares, and remembers what it compared: by line and event.
#[derive(Default)]
pub(super) struct Aligner<'a> {
    known: RefCell<HashMap<(usize, &'a str), usize>>,
}

impl<'a> Aligner<'a> {
    pub(super) fn steps(&self, level: &'a Level, events: &'a [Node]) -> Vec<Step<'a>> {
        let slots = slots(level, events.len());
        match level.order {
            Order::Begun => self.in_order(&slots, events),
            Order::Any => unordered::steps(self, &slots, events),
        }
    }

    /// How many lines differ.
    pub(super) fn cost(&self, steps: &[Step<'a>]) -> usize {
        let cost = |step: &Step<'a>| match step {
            Step::Pair(item, node) => self.of_pair(item, node),
            Step::Missing(item) => item.size(),
            Step::Extra(node) => size(node),
            Step::Rest(_) => 0,
        };
        steps.iter().map(cost).sum()
    }

    /// How many lines differ if this event is taken for this line.
    pub(super) fn of_pair(&self, item: &'a Item, node: &'a Node) -> usize {
        let What::Events(expected) = &item.what else {
            return 0;
        };
        let key = (item.line, node.event.id());
        if let Some(cost) = self.known.borrow().get(&key) {
            return *cost;
        }
        let here = if expected.holds(&node.event) {
            0
        } else if expected.name.holds(node.event.fp()) {
            1
        } else {
            // As much as one that is missing and one that is too many.
            2
        };
        let cost = here + self.cost(&self.steps(&item.children, &node.children));
        self.known.borrow_mut().insert(key, cost);
        cost
    }

    fn in_order(&self, slots: &[Slot<'a>], events: &'a [Node]) -> Vec<Step<'a>> {
        let agree = |(slot, node): &(&Slot<'a>, &'a Node)| {
            slot.takes == Takes::One && self.of_pair(slot.item, node) == 0
        };
        // What agrees at both ends need not be laid out in a table.
        let before = slots.iter().zip(events).take_while(agree).count();
        let (first, slots) = slots.split_at(before);
        let (taken, events) = events.split_at(before);
        let after = slots.iter().rev().zip(events.iter().rev());
        let after = after.take_while(agree).count();
        let (slots, last) = slots.split_at(slots.len() - after);
        let (events, taken_last) = events.split_at(events.len() - after);

        let pairs = |slots: &[Slot<'a>], events: &'a [Node]| -> Vec<Step<'a>> {
            let pairs = slots.iter().zip(events);
            pairs
                .map(|(slot, node)| Step::Pair(slot.item, node))
                .collect()
        };
        let mut steps = pairs(first, taken);
        match (slots.len() + 1).saturating_mul(events.len() + 1) {
            ..=LARGEST_TABLE => Table::new(self, slots, events).walk(&mut steps),
            _ => self.in_step(slots, events, &mut steps),
        }
        steps.extend(pairs(last, taken_last));
        steps
    }

    /// The same without a table: each slot takes what comes, and does not look ahead.
    fn in_step(&self, slots: &[Slot<'a>], events: &'a [Node], steps: &mut Vec<Step<'a>>) {
        let mut events = events.iter().peekable();
        for (at, slot) in slots.iter().enumerate() {
            let further = slots.iter().skip(at + 1);
            let further = further.filter(|slot| slot.takes == Takes::One).count();
            match slot.takes {
                Takes::One => steps.push(match events.next() {
                    Some(node) => Step::Pair(slot.item, node),
                    None => Step::Missing(slot.item),
                }),
                Takes::Any => {
                    let holds = |node: &&'a Node| self.of_pair(slot.item, node) == 0;
                    while let Some(node) = events.next_if(holds) {
                        steps.push(Step::Pair(slot.item, node));
                    }
                }
                Takes::Rest => {
                    while events.len() > further && events.next().is_some() {
                        steps.push(Step::Rest(slot.item));
                    }
                }
            }
        }
        steps.extend(events.map(Step::Extra));
    }
}

/// The costs of what is left of slots and events, from each place to the end.
struct Table<'a, 'b> {
    aligner: &'b Aligner<'a>,
    slots: &'b [Slot<'a>],
    events: &'a [Node],
    costs: Vec<usize>,
}

impl<'a, 'b> Table<'a, 'b> {
    fn new(aligner: &'b Aligner<'a>, slots: &'b [Slot<'a>], events: &'a [Node]) -> Self {
        let places = (slots.len() + 1) * (events.len() + 1);
        let mut table = Self {
            aligner,
            slots,
            events,
            costs: vec![0; places],
        };
        for at in (0..=slots.len()).rev() {
            for event in (0..=events.len()).rev() {
                let cost = table.best(at, event).map_or(0, |(cost, _)| cost);
                let place = table.place(at, event);
                if let Some(known) = table.costs.get_mut(place) {
                    *known = cost;
                }
            }
        }
        table
    }

    fn walk(&self, steps: &mut Vec<Step<'a>>) {
        let (mut slot, mut event) = (0, 0);
        while let Some((_, go)) = self.best(slot, event) {
            steps.extend(go.step);
            slot += usize::from(go.slot);
            event += usize::from(go.event);
        }
    }

    /// The cheapest way on, and what it costs to the end. Of equal ones the first: what
    /// agrees, what is there before what is missing, and a pair that differs only where it is
    /// nearer than two lines apart.
    fn best(&self, at: usize, event: usize) -> Option<(usize, Go<'a>)> {
        let slot = self.slots.get(at);
        let node = self.events.get(event);
        let mut best: Option<(usize, Go<'a>)> = None;
        let mut consider =
            |cost: usize, step, slot: bool, event: bool, (to, on): (usize, usize)| {
                let cost = cost + self.cost(to, on);
                if best.as_ref().is_none_or(|(known, _)| cost < *known) {
                    best = Some((cost, Go { step, slot, event }));
                }
            };
        let pair = slot.zip(node).map(|(slot, node)| {
            let cost = self.aligner.of_pair(slot.item, node);
            (slot, cost, Step::Pair(slot.item, node))
        });
        match pair {
            Some((slot, 0, pair)) if slot.takes == Takes::One => {
                consider(0, Some(pair), true, true, (at + 1, event + 1));
            }
            Some((slot, 0, pair)) if slot.takes == Takes::Any => {
                consider(0, Some(pair), false, true, (at, event + 1));
            }
            Some((slot, ..)) if slot.takes == Takes::Rest => {
                let rest = Some(Step::Rest(slot.item));
                consider(0, rest, false, true, (at, event + 1));
            }
            _ => {}
        }
        if let Some(node) = node {
            let extra = Some(Step::Extra(node));
            consider(size(node), extra, false, true, (at, event + 1));
        }
        if let Some(slot) = slot {
            let missing = (slot.takes == Takes::One).then_some(Step::Missing(slot.item));
            let cost = missing.map_or(0, |_| slot.item.size());
            consider(cost, missing, true, false, (at + 1, event));
        }
        if let Some((slot, cost, pair)) = pair
            && slot.takes == Takes::One
        {
            consider(cost, Some(pair), true, true, (at + 1, event + 1));
        }
        best
    }

    fn cost(&self, slot: usize, event: usize) -> usize {
        self.costs
            .get(self.place(slot, event))
            .copied()
            .unwrap_or(0)
    }

    fn place(&self, slot: usize, event: usize) -> usize {
        slot * (self.events.len() + 1) + event
    }
}

/// A way on: what is done, and past what it leads.
struct Go<'a> {
    step: Option<Step<'a>>,
    slot: bool,
    event: bool,
}

/// How many lines an event takes with all that it caused.
pub(super) fn size(node: &Node) -> usize {
    1 + node.children.iter().map(size).sum::<usize>()
}

/// At most one slot more than there are events for each line: what is missing then is missing
/// anyway.
fn slots(level: &Level, events: usize) -> Vec<Slot<'_>> {
    let mut slots = Vec::new();
    for item in &level.items {
        let slot = |takes| Slot { item, takes };
        match &item.what {
            What::Rest => slots.push(slot(Takes::Rest)),
            What::Events(expected) => {
                let count = expected.count.least().min(events + 1);
                slots.extend(std::iter::repeat_n(slot(Takes::One), count));
                if let Count::AtLeast(_) = expected.count {
                    slots.push(slot(Takes::Any));
                }
            }
        }
    }
    slots
}

/// In entries: 32 MiB, for as long as two levels are compared.
const LARGEST_TABLE: usize = 4 << 20;

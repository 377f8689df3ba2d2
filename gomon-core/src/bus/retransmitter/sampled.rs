//! The sampling of a retransmitter: its events are shared, so what waits or gets a weight is a
//! copy.

use crate::event::Event;
use crate::event::batch::Slice;
use crate::sampling::Sampling;
use crate::sampling::sampler::{Sampler, Verdict};

/// A sampler of shared batches.
#[derive(Debug)]
pub(crate) struct Sampled {
    sampler: Sampler<Item>,
}

/// What was decided.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    pub(crate) kept: Vec<Event>,
    pub(crate) dropped: u64,
}

/// An event that is offered or waits.
#[derive(Debug)]
enum Item {
    /// In the batch at hand, at this place.
    Here(usize),
    /// A copy: a batch is not kept in memory for one of its events.
    Copy(Event),
}

impl Sampled {
    pub(crate) fn new(sampling: &Sampling) -> Self {
        let sampler = Sampler::new(sampling);
        Self { sampler }
    }

    /// Takes a batch. What is not wanted still counts for its trace.
    pub(crate) fn take(&mut self, slice: &Slice, wanted: &[bool], now: u64) -> Decided {
        let mut decided = Decided::default();
        let mut out = |item, verdict| decided.add(Some(slice), item, verdict);
        for (at, (event, wanted)) in slice.iter().zip(wanted).enumerate() {
            let item = wanted.then_some(Item::Here(at));
            self.sampler.offer_for(event, item, now, &mut out);
        }
        self.sampler.expire(now, &mut out);
        for item in self.sampler.held_mut() {
            if let Item::Here(at) = *item
                && let Some(event) = slice.get(at)
            {
                *item = Item::Copy(event.duplicate());
            }
        }
        decided
    }

    /// Decides on what has waited for too long.
    pub(crate) fn expire(&mut self, now: u64) -> Decided {
        let mut decided = Decided::default();
        let mut out = |item, verdict| decided.add(None, item, verdict);
        self.sampler.expire(now, &mut out);
        decided
    }

    /// Decides on everything that waits.
    pub(crate) fn settle(&mut self) -> Decided {
        let mut decided = Decided::default();
        let mut out = |item, verdict| decided.add(None, item, verdict);
        self.sampler.settle(&mut out);
        decided
    }

    /// How many events wait.
    pub(crate) fn held(&self) -> u64 {
        self.sampler.held().events as u64
    }
}

impl Decided {
    fn add(&mut self, slice: Option<&Slice>, item: Item, verdict: Verdict) {
        let Verdict::Keep { weight } = verdict else {
            self.dropped += 1;
            return;
        };
        let event = match item {
            Item::Copy(event) => Some(event),
            Item::Here(at) => slice.and_then(|slice| Some(slice.get(at)?.duplicate())),
        };
        if let Some(mut event) = event {
            if let Some(weight) = weight {
                // If it was sampled before it came here: ratios look at the same bits, so it was
                // kept with the smaller one's probability.
                event.record.weight = weight.max(event.record.weight);
            }
            self.kept.push(event);
        }
    }
}

//! The sampling of a retransmitter: its events are shared, so what waits or gets a weight is a
//! copy.

use crate::event::Event;
use crate::event::batch::Slice;
use crate::event::handed::Brief;
use crate::sampling::Sampling;
use crate::sampling::sampler::{Judged, Moment, Sampler, Verdict};

/// A sampler of shared batches, or none.
#[derive(Debug, Default)]
pub(crate) struct Sampled {
    in_code: Option<Sampling>,
    configured: Option<Sampling>,
    sampler: Option<Sampler<Item>>,
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
    /// Samples as the code says, unless a configuration says otherwise. What waited until now is
    /// decided.
    pub(crate) fn set_in_code(&mut self, sampling: Sampling) -> Decided {
        self.change(|sampled| sampled.in_code = Some(sampling))
    }

    /// Samples as a configuration says, or as the code does.
    pub(crate) fn set_configured(&mut self, sampling: Option<Sampling>) -> Decided {
        self.change(|sampled| sampled.configured = sampling)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.sampler.is_some()
    }

    /// Takes a batch; `None` if nothing is sampled. What is not wanted still counts for its trace.
    pub(crate) fn take(&mut self, slice: &Slice, wanted: &[bool], now: Moment) -> Option<Decided> {
        let sampler = self.sampler.as_mut()?;
        let mut decided = Decided::default();
        let mut out = |item, verdict| decided.add(Some(slice), item, verdict);
        for (at, (event, wanted)) in slice.iter().zip(wanted).enumerate() {
            let brief = Brief::of(&event.record);
            match sampler.judge(&brief, &event.record, now, &mut out) {
                _ if !wanted => {}
                Judged::Now(verdict) => out(Item::Here(at), verdict),
                Judged::Later(facts, place) => {
                    sampler.hold(Item::Here(at), (facts, place), now, &mut out);
                }
            }
        }
        sampler.expire(now, &mut out);
        for item in sampler.held_mut() {
            if let Item::Here(at) = *item
                && let Some(event) = slice.get(at)
            {
                *item = Item::Copy(event.duplicate());
            }
        }
        Some(decided)
    }

    /// Decides on what has waited for too long.
    pub(crate) fn expire(&mut self, now: Moment) -> Decided {
        let mut decided = Decided::default();
        let mut out = |item, verdict| decided.add(None, item, verdict);
        if let Some(sampler) = &mut self.sampler {
            sampler.expire(now, &mut out);
        }
        decided
    }

    /// Decides on everything that waits.
    pub(crate) fn settle(&mut self) -> Decided {
        let mut decided = Decided::default();
        let mut out = |item, verdict| decided.add(None, item, verdict);
        if let Some(sampler) = &mut self.sampler {
            sampler.settle(&mut out);
        }
        decided
    }

    /// How many events wait.
    pub(crate) fn held(&self) -> u64 {
        let held = self.sampler.as_ref().map(Sampler::held);
        held.unwrap_or_default().events as u64
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) -> Decided {
        let before = self.sampling().cloned();
        change(self);
        if self.sampling() == before.as_ref() {
            return Decided::default();
        }
        let decided = self.settle();
        self.sampler = self.sampling().map(Sampler::new);
        decided
    }

    fn sampling(&self) -> Option<&Sampling> {
        self.configured.as_ref().or(self.in_code.as_ref())
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
                event.weight = weight.max(event.weight);
            }
            self.kept.push(event);
        }
    }
}

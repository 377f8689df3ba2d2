//! What every event goes through on the bus before it is queued for the listeners.

use super::messages::Messages;
use super::orphans::Orphans;
use super::outgoing::{Decided, HomeIndex, HomeTable, Outgoing, Staged};
use crate::aggregate::Aggregates;
use crate::clock::Speed;
use crate::event::flags::Flags;
use crate::event::handed::{Brief, Handed};
use crate::event::record::Record;
use crate::event::shape::Shapes;
use crate::sampling::Sampling;
use crate::sampling::ratio::Ratio;
use crate::sampling::sampler::{self, Judged, Moment, Sampler, Taker};
use crate::state;
use crate::switch;
use crate::tracker::head;

/// The way from the rings to the batches: attributes that came as messages are brought, orphans and aggregates
/// counted, traces sampled.
#[derive(Default)]
pub(super) struct Passage {
    pub(super) messages: Messages,
    pub(super) orphans: Orphans,
    pub(super) aggregates: Aggregates,
    /// Decides which traces are kept, where not all of them are.
    sampler: Option<Sampler<Staged>>,
    shapes: Shapes,
    kept: Outgoing,
    /// What nobody is to get.
    discarded: Outgoing,
}

impl Passage {
    pub(super) fn new(sampling: Option<&Sampling>, aggregates: Aggregates) -> Self {
        Self {
            sampler: sampling.map(Sampler::new),
            aggregates,
            ..Self::default()
        }
    }

    /// Begins to pass events on, in the order in which they come.
    pub(super) fn begin<'a>(&'a mut self, homes: &'a HomeTable) -> Passing<'a> {
        Passing {
            decided: Decided::new(&mut self.kept, &mut self.discarded, homes),
            orphans: &mut self.orphans,
            aggregates: &mut self.aggregates,
            sampler: self.sampler.as_mut(),
            shapes: &mut self.shapes,
            now: Moment::now(),
            speed: Speed::of_clock(),
            at_head: state::load().samples_heads().then(head::ratio),
            has_aside: !self.messages.is_empty() || switch::is_any_on(),
            // Last: what comes before borrows it.
            messages: &mut self.messages,
        }
    }

    /// Takes a message, whose record nobody is to get.
    pub(super) fn take_message(&mut self, message: Handed, home: HomeIndex) {
        self.messages.add(&message.record);
        let staged = Staged::new(message.record, &message.brief, home, 0.0);
        self.discarded.push(staged);
    }

    /// What is held is decided by the old setting, and all that comes from now on by the new one.
    pub(super) fn change_sampling(&mut self, sampling: Option<&Sampling>, homes: &HomeTable) {
        self.settle_sampler(homes);
        self.sampler = sampling.map(Sampler::new);
    }

    /// Lets the sampler decide on everything it holds.
    pub(super) fn settle_sampler(&mut self, homes: &HomeTable) {
        if let Some(sampler) = &mut self.sampler {
            let mut decided = Decided::new(&mut self.kept, &mut self.discarded, homes);
            sampler.settle(&mut decided);
            decided.finish();
        }
    }
}

/// Events on their way.
pub(super) struct Passing<'a> {
    decided: Decided<'a>,
    messages: &'a mut Messages,
    orphans: &'a mut Orphans,
    aggregates: &'a mut Aggregates,
    sampler: Option<&'a mut Sampler<Staged>>,
    shapes: &'a mut Shapes,
    now: Moment,
    speed: Speed,
    at_head: Option<Ratio>,
    /// Messages wait, or a switch is on: records are looked into.
    has_aside: bool,
}

impl Passing<'_> {
    // Always: it is the body of a loop.
    #[inline(always)]
    pub(super) fn take(&mut self, handed: Handed, home: HomeIndex) {
        let Handed {
            mut record,
            mut brief,
        } = handed;
        // Here and below by value: what has an address is kept in memory, and not in registers.
        if self.has_aside {
            (record, brief) = look_aside(self.messages, record, brief);
        }
        // Others are not looked into here.
        let row = match brief.flags().has(Flags::LABELLED.and(Flags::BESIDE)) {
            true => record.settle(self.shapes),
            false => None,
        };
        if brief.flags().has(Flags::ORPHAN) {
            self.orphans.note(&record);
        }
        if brief.scope() != 0 {
            let staged = Staged::new(record, &brief, home, 0.0);
            return self.decided.keep(staged, brief.scope());
        }
        self.aggregates.record(&brief, self.speed, &record, row);
        let at_head = self.at_head;
        let weight = at_head.map_or(0.0, |ratio| weight_at_head(brief, ratio));
        // The event is made where it is known what becomes of it: it costs a move less.
        let Some(sampler) = &mut self.sampler else {
            let staged = Staged::new(record, &brief, home, weight);
            return self.decided.keep(staged, 0);
        };
        match sampler.judge(&brief, &record, self.now, &mut self.decided) {
            Judged::Now(verdict) => {
                let staged = Staged::new(record, &brief, home, weight);
                self.decided.take(staged, verdict);
            }
            Judged::Later(facts, place) => {
                let staged = Staged::new(record, &brief, home, weight);
                sampler.hold(staged, (facts, place), self.now, &mut self.decided);
            }
        }
    }

    /// Queues what is left. The listeners are still to be told.
    pub(super) fn finish(mut self) {
        if let Some(sampler) = self.sampler {
            sampler.expire(self.now, &mut self.decided);
        }
        self.decided.finish();
    }
}

/// Gives an event that has ended the attributes that came as messages, and keeps it if a live switch says so.
#[cold]
#[inline(never)]
fn look_aside(
    messages: &mut Messages,
    mut record: Box<Record>,
    brief: Brief,
) -> (Box<Record>, Brief) {
    let is_told = messages.bring(&mut record);
    let is_root = record.flags.has(Flags::LOCAL_ROOT) && !record.flags.has(Flags::OPENING);
    let is_kept = switch::is_any_on() && switch::keeps(record.fp, record.trace, is_root);
    record.flags.add(Flags::KEPT.when(is_kept));
    match is_told || is_kept {
        true => {
            let brief = Brief::of(&record);
            (record, brief)
        }
        false => (record, brief),
    }
}

/// What an event stands for that was sampled at its head: one, where it was kept in any case, and 0, which is no
/// weight, where it is never sampled.
fn weight_at_head(brief: Brief, ratio: Ratio) -> f64 {
    if sampler::is_exempt(&brief) {
        0.0
    } else if !brief.flags().has(Flags::UNSAMPLED) && ratio.keeps(brief.trace()) {
        ratio.weight()
    } else {
        1.0
    }
}

use std::collections::HashSet;
use std::time::Duration;

use gomon_core::{
    DropReason, EventTracker, FlushError, ListenerId, ListenerReport, Report, add_listener,
    disable, enable, flush, is_enabled, remove_listener, shutdown, start, stats,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::probe::{Kind, NUMBER, Probe, Seen};
use crate::{Step, Thread};

/// gomon, and beside it what should have become of every record.
pub(crate) struct World {
    next_number: u64,
    /// Recorded since the last flush that surely passed everything on.
    recent: Vec<u64>,
    recent_disabled: u64,
    listeners: Vec<Expected>,
    open: Vec<Open>,
    run: u32,
    /// Events of earlier runs that ended in this one.
    late: u64,
}

/// A listener and what it must and may have got.
struct Expected {
    id: ListenerId,
    probe: Probe,
    kind: Kind,
    may: HashSet<u64>,
    must: HashSet<u64>,
    /// Recorded since it was added, and not surely passed on yet.
    on_the_way: Vec<u64>,
    disabled_must: u64,
    disabled_on_the_way: u64,
    disabled_may: u64,
    /// It was blocked at some time, for however long the machine took.
    was_blocked: bool,
}

/// An event that has not ended.
struct Open {
    tracker: EventTracker,
    run: u32,
    /// Its label, if it is a unit of work.
    unit: Option<u64>,
}

impl World {
    pub(crate) fn start() -> Self {
        enable();
        start().unwrap();
        Self {
            next_number: 0,
            recent: Vec::new(),
            recent_disabled: 0,
            listeners: Vec::new(),
            open: Vec::new(),
            run: 0,
            late: 0,
        }
    }

    pub(crate) fn take(&mut self, step: Step) -> TestCaseResult {
        match step {
            Step::Record { count, by } => self.record(count, by),
            Step::RecordLong => self.record_long(),
            Step::Open { unit } => self.open(unit),
            Step::End(at) => self.end_open(at),
            Step::Flush => self.flush()?,
            Step::Add(kind) => self.add(kind),
            Step::Remove(at) => self.remove(at)?,
            Step::Block(at) => self.block(at),
            Step::Release(at) => self.release(at),
            Step::Disable => disable(),
            Step::Enable => enable(),
            Step::Restart => {
                self.stop()?;
                self.run += 1;
                start().unwrap();
            }
        }
        Ok(())
    }

    pub(crate) fn end(mut self) -> TestCaseResult {
        self.stop()
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    fn expect(&mut self, number: u64) {
        self.recent.push(number);
        for listener in &mut self.listeners {
            listener.may.insert(number);
            listener.on_the_way.push(number);
        }
    }

    fn record(&mut self, count: u8, by: Thread) {
        let first = self.next_number + 1;
        let numbers = first..first + u64::from(count);
        self.next_number += u64::from(count);
        let record = {
            let numbers = numbers.clone();
            move || numbers.for_each(record_one)
        };
        match by {
            Thread::This => record(),
            Thread::ANewOne => {
                let thread = std::thread::Builder::new().spawn(record);
                thread.unwrap().join().unwrap();
            }
        }
        if is_enabled() {
            numbers.for_each(|number| self.expect(number));
        }
    }

    fn record_long(&mut self) {
        let (opening, closing) = (self.number(), self.number());
        let mut tracker = EventTracker::new("long");
        tracker.set(NUMBER, opening).send_opening();
        tracker.set(NUMBER, closing);
        tracker.finish();
        if is_enabled() {
            self.expect(opening);
            self.expect(closing);
        }
    }

    fn open(&mut self, unit: bool) {
        let mut tracker = EventTracker::new("held");
        if !tracker.is_recording() {
            return;
        }
        let unit = unit.then(|| self.number());
        if let Some(label) = unit {
            tracker.register(label.to_string());
        }
        self.open.push(Open {
            tracker,
            run: self.run,
            unit,
        });
    }

    fn end_open(&mut self, at: u8) {
        let Some(at) = place(at, self.open.len()) else {
            return;
        };
        let number = self.number();
        let mut ended = self.open.remove(at);
        ended.tracker.set(NUMBER, number);
        drop(ended.tracker);
        if ended.run != self.run {
            // A unit was sent when its run ended.
            self.late += u64::from(ended.unit.is_none());
        } else if is_enabled() {
            self.expect(number);
        } else {
            self.recent_disabled += 1;
            for listener in &mut self.listeners {
                listener.disabled_may += 1;
                listener.disabled_on_the_way += 1;
            }
        }
    }

    fn flush(&mut self) -> TestCaseResult {
        let blocked = self.any_blocked();
        let flushed = flush(if blocked { SHORT } else { LONG });
        if flushed == Err(FlushError::Deadline) && blocked {
            return Ok(());
        }
        // One in quarantine does not flush.
        let panics = |listener: &Expected| matches!(listener.kind, Kind::Panicking(_));
        let vain = flushed == Err(FlushError::Listener) && self.listeners.iter().any(panics);
        prop_assert!(vain || flushed == Ok(()), "{:?}", flushed);
        self.settle();
        if !self.any_blocked() {
            let report = stats();
            prop_assert_eq!(report.after_shutdown, self.late);
            self.check(&report)?;
        }
        Ok(())
    }

    /// Everything was passed to those who listen.
    fn settle(&mut self) {
        self.recent.clear();
        self.recent_disabled = 0;
        for listener in &mut self.listeners {
            let passed = std::mem::take(&mut listener.on_the_way);
            listener.must.extend(passed);
            listener.disabled_must += std::mem::take(&mut listener.disabled_on_the_way);
        }
    }

    fn add(&mut self, kind: Kind) {
        let probe = Probe::default();
        let id = add_listener(probe.listener(kind)).unwrap();
        self.listeners.push(Expected {
            id,
            probe,
            kind,
            may: self.recent.iter().copied().collect(),
            must: HashSet::new(),
            on_the_way: Vec::new(),
            disabled_must: 0,
            disabled_on_the_way: 0,
            disabled_may: self.recent_disabled,
            was_blocked: false,
        });
    }

    fn remove(&mut self, at: u8) -> TestCaseResult {
        let Some(at) = place(at, self.listeners.len()) else {
            return Ok(());
        };
        let removed = self.listeners.remove(at);
        removed.probe.release();
        prop_assert!(remove_listener(removed.id));
        prop_assert!(!remove_listener(removed.id));
        let seen = removed.probe.seen();
        prop_assert_eq!(seen.twice, 0);
        prop_assert!(seen.taken.is_subset(&removed.may));
        Ok(())
    }

    fn block(&mut self, at: u8) {
        if let Some(at) = place(at, self.listeners.len()) {
            self.listeners[at].probe.block();
            self.listeners[at].was_blocked = true;
        }
    }

    fn release(&mut self, at: u8) {
        if let Some(at) = place(at, self.listeners.len()) {
            self.listeners[at].probe.release();
        }
    }

    fn any_blocked(&self) -> bool {
        self.listeners
            .iter()
            .any(|listener| listener.probe.is_blocked())
    }

    fn stop(&mut self) -> TestCaseResult {
        let blocked = self.any_blocked();
        for label in self
            .open
            .iter()
            .filter(|open| open.run == self.run)
            .filter_map(|open| open.unit)
            .collect::<Vec<_>>()
        {
            self.expect(label);
        }
        let report = shutdown(if blocked { SHORT } else { LONG });
        self.settle();
        self.late = 0;
        self.check(&report)?;
        for listener in self.listeners.drain(..) {
            listener.probe.release();
        }
        Ok(())
    }

    fn check(&self, report: &Report) -> TestCaseResult {
        prop_assert_eq!(report.listeners.len(), self.listeners.len());
        for (listener, account) in self.listeners.iter().zip(&report.listeners) {
            let seen = listener.probe.seen();
            let checked = listener.check(&seen, account);
            checked.map_err(|error| {
                TestCaseError::fail(format!(
                    "{error}\n{account:?}\n{:?} {seen:?}",
                    listener.kind
                ))
            })?;
        }
        Ok(())
    }
}

impl Expected {
    fn check(&self, seen: &Seen, account: &ListenerReport) -> TestCaseResult {
        let accounted = account.delivered + account.total_dropped() + account.pending;
        prop_assert_eq!(account.created, accounted);
        // One in quarantine may still have a batch in its hands: nobody waits for it.
        let can_be_in_quarantine = self.was_blocked || matches!(self.kind, Kind::Panicking(_));
        prop_assert!(account.pending == 0 || can_be_in_quarantine);
        let dropped = |reason| dropped(account, reason);
        // Of that batch it may have taken a part, and so of one that the shutdown did not wait for.
        let too_late = dropped(DropReason::ShutdownTimeout);
        let in_hand = too_late + account.pending;
        let taken = seen.taken.len() as u64 + seen.own;
        prop_assert!((account.delivered..=account.delivered + in_hand).contains(&taken));
        prop_assert_eq!(seen.twice, 0);
        prop_assert!(seen.taken.is_subset(&self.may), "an event that nobody made");
        let refused = dropped(DropReason::ListenerError);
        prop_assert!((refused..=refused + in_hand).contains(&seen.refused));
        let panicked = dropped(DropReason::ListenerPanic);
        prop_assert!((panicked..=panicked + in_hand).contains(&seen.panicked));
        let disabled = self.disabled_must..=self.disabled_may;
        prop_assert!(disabled.contains(&dropped(DropReason::Disabled)));
        let missing = self.must.difference(&seen.taken).count() as u64;
        let lost = account.total_dropped() - dropped(DropReason::Disabled);
        let unaccounted = missing.saturating_sub(lost + account.pending);
        prop_assert_eq!(
            unaccounted,
            0,
            "{} are missing, {} are counted",
            missing,
            lost
        );
        if !can_be_in_quarantine {
            // A shutdown is in a hurry when another listener is blocked.
            let lost = lost - too_late;
            prop_assert_eq!(lost, refused, "it lost what it would have taken");
        }
        Ok(())
    }
}

fn record_one(number: u64) {
    EventTracker::new("work").set(NUMBER, number);
}

fn dropped(account: &ListenerReport, reason: DropReason) -> u64 {
    let counts = account.dropped.iter().filter(|entry| entry.0 == reason);
    counts.map(|entry| entry.1).sum()
}

fn place(at: u8, count: usize) -> Option<usize> {
    (count > 0).then(|| usize::from(at) % count)
}

/// Longer than any machine takes.
const LONG: Duration = Duration::from_secs(20);
/// Beside a listener that is blocked.
const SHORT: Duration = Duration::from_millis(50);

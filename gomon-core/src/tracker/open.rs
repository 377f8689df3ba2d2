//! The beginning of an event, and its end.

use crate::bus::link;
use crate::bus::pool;
use crate::clock::{self, Source, Stamp};
use crate::context::{Context, Origin};
use crate::event::flags::Flags;
use crate::event::id::{SpanId, TraceId};
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::hot;
use crate::segment::ambient;
use crate::state::{self, State};
use crate::tracker::{EventTracker, head, panics, work};
use crate::wait;

/// Begins an event as a child of `parent`. Not inlined: it is one call in the user's code.
#[inline(never)]
pub(crate) fn open(fp: &'static str, parent: Context, now: State) -> EventTracker {
    if hot::is_own_thread() || !parent.is_monitored() {
        return EventTracker::empty();
    }
    if parent.is_sampled_out() {
        return sampled_out();
    }
    let flags = parent.flags_of_child();
    if now.samples_heads() && flags.has(Flags::LOCAL_ROOT) && parent.scope() == 0 {
        return open_sampled(fp, &parent, now);
    }
    let ids = parent.ids();
    let mut record = open_in(fp, &parent, flags, ids.map(|(trace, _)| trace), now);
    if let Some((_, span)) = ids
        && ambient::is_in_part_of(span)
    {
        ambient::note_part(&mut record);
    }
    EventTracker::of(record)
}

/// The same for the root of a trace that may not be recorded.
#[cold]
#[inline(never)]
fn open_sampled(fp: &'static str, parent: &Context, now: State) -> EventTracker {
    let flags = parent.flags_of_child();
    let known = parent.ids().map(|(trace, _)| trace);
    let trace = known.unwrap_or_else(|| TraceId::new(clock::coarse_unix_millis()));
    if head::keeps(trace) {
        let mut record = open_in(fp, parent, flags, Some(trace), now);
        if known.is_none() {
            // The exact time, now that it is known.
            record.trace = trace.at(hot::unix_millis(record.start));
        }
        return EventTracker::of(record);
    }
    // It only stands for its ids, and needs no clock.
    let mut record = link::take();
    begin(&mut record, fp, flags.and(Flags::SAMPLED_OUT), now);
    record.start = 0;
    record.scope = 0;
    record.carried = parent.carried();
    record.trace = trace;
    record.set_parent(parent.ids().map(|(_, span)| span));
    record.carried.hold();
    EventTracker::sampled_out(Some(record))
}

/// Begins an event in a trace, or in one that begins with it.
#[inline(always)]
fn open_in(
    fp: &'static str,
    parent: &Context,
    flags: Flags,
    trace: Option<TraceId>,
    now: State,
) -> Box<Record> {
    // Before the record is there: reading the clock waits for what is being loaded, and the records
    // come from afar.
    let start = Source::of(parent.scope()).now();
    let mut record = link::take();
    begin(&mut record, fp, flags, now);
    record.start = start;
    record.scope = parent.scope();
    record.carried = parent.carried();
    record.trace = trace.unwrap_or_else(|| TraceId::new(hot::unix_millis(start)));
    record.set_parent(parent.ids().map(|(_, span)| span));
    if flags.has(Flags::LOCAL_ROOT) {
        record.carried.hold();
    }
    record
}

/// Begins an event as a child of one that is recorded, whose record is at hand.
#[inline(never)]
pub(crate) fn open_child(fp: &'static str, parent: &Record, now: State) -> EventTracker {
    if hot::is_own_thread() {
        return EventTracker::empty();
    }
    let start = Source::of(parent.scope).now();
    let mut record = link::take();
    begin(&mut record, fp, parent.flags.of_child(), now);
    record.start = start;
    record.scope = parent.scope;
    record.carried = parent.carried;
    record.trace = parent.trace;
    record.set_parent(Some(parent.span));
    EventTracker::of(record)
}

/// Begins an event of gomon's own, a child of the application.
pub(crate) fn own(fp: &'static str) -> Box<Record> {
    let start = clock::now();
    let mut record = pool::fresh();
    let flags = Context::PROCESS.flags_of_child();
    begin(&mut record, fp, flags, state::load());
    record.start = start;
    record.trace = TraceId::new(hot::unix_millis(start));
    record
}

/// The same as a child of that.
pub(crate) fn own_child(fp: &'static str, parent: Context) -> Box<Record> {
    let mut record = own(fp);
    if let Some((trace, span)) = parent.ids() {
        record.flags = parent.flags_of_child();
        record.trace = trace;
        record.set_parent(Some(span));
    }
    record
}

/// Begins anew in a record. The caller sets its start, its scope and trace, its parent and what it carries.
#[inline(always)]
fn begin(record: &mut Record, fp: &'static str, flags: Flags, now: State) {
    panics::forget_last();
    let unwinding = Flags::IGNORES_UNWINDING.when(std::thread::panicking());
    record.begin(fp, flags.and(unwinding));
    record.run = now.run();
    record.span = SpanId::new();
}

/// What is made in a trace that is not recorded is counted.
#[cold]
#[inline(never)]
pub(crate) fn sampled_out() -> EventTracker {
    if hot::is_own_thread() {
        return EventTracker::empty();
    }
    link::count_sampled_out();
    EventTracker::sampled_out(None)
}

/// Sends an attribute after an event that is open elsewhere. The bus brings the two together.
#[cold]
pub(crate) fn send_message(origin: &Origin, scope: u32, key: &'static str, value: Value<'_>) {
    let now = state::load();
    if !now.is_on() || hot::is_own_thread() || origin.remote {
        return;
    }
    if !now.has_messages() {
        state::set_messages();
    }
    let mut record = link::take();
    record.begin("", Flags::MESSAGE);
    (record.trace, record.span) = (origin.trace, origin.span);
    (record.scope, record.run) = (scope, now.run());
    record.start = clock::now();
    record.set(key, value);
    // It waits for its event by the clock of the process, and comes before its end by the event's.
    let sent = Source::of(scope).instead_of(record.start);
    link::send(record, sent);
}

/// Ends an event and hands it over.
#[inline(never)]
pub(crate) fn close(record: Box<Record>) {
    if record.flags.has(Flags::SAMPLED_OUT) {
        return close_sampled_out(record);
    }
    let end = Source::of(record.scope).now();
    finish(record, end);
}

/// The same as of that moment.
#[inline]
pub(crate) fn close_at(record: Box<Record>, end: Stamp) {
    if record.flags.has(Flags::SAMPLED_OUT) {
        return close_sampled_out(record);
    }
    finish(record, end);
}

/// Ends an event that only stood for its ids.
#[cold]
#[inline(never)]
fn close_sampled_out(record: Box<Record>) {
    let_go(&record);
    link::send_sampled_out(record);
}

/// The same of a unit that was listed by what polled it.
#[inline]
pub(crate) fn close_listed_at(mut record: Box<Record>, end: Stamp, polled: &wait::unit::Unit) {
    if std::thread::panicking() {
        note_unwinding(&mut record);
    }
    let_go(&record);
    work::end_listed(polled, record, |record| link::send_unit(record, end));
}

#[inline(always)]
fn finish(mut record: Box<Record>, end: Stamp) {
    if std::thread::panicking() {
        note_unwinding(&mut record);
    }
    if record.flags.has(Flags::LOCAL_ROOT.and(Flags::UNIT)) {
        let_go(&record);
        if record.flags.has(Flags::UNIT) {
            return work::end(record, |record| link::send_unit(record, end));
        }
    }
    link::send(record, end);
}

/// The trace that the event begins in this process has ended: what it carried may go.
#[inline]
pub(crate) fn let_go(record: &Record) {
    if record.flags.has(Flags::LOCAL_ROOT) {
        record.carried.release();
    }
}

#[cold]
fn note_unwinding(record: &mut Record) {
    if !record.flags.has(Flags::IGNORES_UNWINDING) && record.outcome != Outcome::Panicked {
        panics::note_on(record);
    }
}

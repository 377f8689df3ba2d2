//! The beginning of an event, and its end.

use crate::bus::link;
use crate::bus::pool;
use crate::clock::{self, Stamp};
use crate::context::{Context, Origin};
use crate::event::flags::Flags;
use crate::event::id::{SpanId, TraceId};
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::hot;
use crate::state::{self, State};
use crate::tracker::{EventTracker, head, panics, work};

/// Begins an event as a child of `parent`. Not inlined: it is one call in the user's code.
#[inline(never)]
pub(crate) fn open(fp: &'static str, parent: Context, now: State) -> EventTracker {
    if hot::is_own_thread() || !parent.is_monitored() {
        return EventTracker::empty();
    }
    if parent.is_sampled_out() {
        return sampled_out();
    }
    // Before the record is there: reading the clock waits for what is being loaded, and the records
    // come from afar.
    let start = clock::now();
    let mut record = link::take();
    begin(&mut record, fp, parent, now, start);
    if record.flags.has(Flags::LOCAL_ROOT) {
        record.carried.hold();
    }
    if now.samples_heads()
        && record.flags.has(Flags::LOCAL_ROOT)
        && record.scope == 0
        && !head::keeps(record.trace)
    {
        record.flags.add(Flags::SAMPLED_OUT);
    }
    EventTracker::of(record)
}

/// Begins an event of gomon's own, a child of the application.
pub(crate) fn own(fp: &'static str) -> Box<Record> {
    let mut record = pool::fresh();
    begin(
        &mut record,
        fp,
        Context::PROCESS,
        state::load(),
        clock::now(),
    );
    record
}

#[inline(always)]
fn begin(record: &mut Record, fp: &'static str, parent: Context, now: State, start: Stamp) {
    panics::forget_last();
    let unwinding = Flags::IGNORES_UNWINDING.when(std::thread::panicking());
    record.begin(fp, parent.flags_of_child().and(unwinding));
    record.scope = parent.scope();
    record.carried = parent.carried();
    record.run = now.run();
    record.span = SpanId::new();
    record.start = start;
    if let Some((trace, span)) = parent.ids() {
        record.trace = trace;
        record.set_parent(Some(span));
    } else {
        record.trace = TraceId::new(clock::unix_nanos(start));
        record.set_parent(None);
    }
}

#[cold]
fn sampled_out() -> EventTracker {
    link::count_sampled_out();
    EventTracker::sampled_out()
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
    let now = record.start;
    link::send(record, now);
}

/// Ends an event and hands it over.
#[inline(never)]
pub(crate) fn close(record: Box<Record>) {
    close_at(record, clock::now());
}

/// The same as of that moment.
#[inline]
pub(crate) fn close_at(mut record: Box<Record>, end: Stamp) {
    if std::thread::panicking() {
        note_unwinding(&mut record);
    }
    let_go(&record);
    if record.flags.has(Flags::SAMPLED_OUT) {
        return link::send_sampled_out(record);
    }
    // Shutdown may have sent a unit already, as abandoned: then this one was never created.
    if !record.flags.has(Flags::UNIT) || work::unregister(&record) {
        link::send(record, end);
    }
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

//! Units of work in flight: one registry behind the in-flight list, `abandoned` at shutdown, and
//! gauges that cannot leak.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::clock::Source;
use crate::context::Context;
use crate::event::flags::Flags;
use crate::event::id::{SpanId, TraceId};
use crate::event::limits;
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::Tree;
use crate::tracker::open;
use crate::wait::{self, Doing};
use crate::{bus, clock, fork, keys, state};

/// A unit of work that is open: a server request, a transaction, a connection, a root job.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Work {
    /// Its fingerprint.
    pub kind: &'static str,
    /// The id its closing event will have.
    pub id: Uuid,
    /// Its parent's id; `None` for the application.
    pub parent: Option<Uuid>,
    /// When it started.
    pub start: SystemTime,
    /// What its wrapper calls it, such as `GET /users`.
    pub label: Cow<'static, str>,
    /// What it is doing, if gomon polls it.
    pub doing: Option<Doing>,
    /// The time inside of its polls so far, if gomon polls it: what it has had of a CPU at the most.
    pub busy: Option<Duration>,
    /// What else its wrapper says of it.
    pub details: WorkDetails,
}

/// What a wrapper may say of a unit of work beside its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkDetails {
    /// The template of its route.
    pub route: Option<Arc<str>>,
    /// Who asked for it, where addresses may be recorded.
    pub client: Option<IpAddr>,
}

impl WorkDetails {
    /// A request of this route and of this client, as far as they are known.
    #[must_use]
    pub const fn of_request(route: Option<Arc<str>>, client: Option<IpAddr>) -> Self {
        Self { route, client }
    }
}

/// The units of work that are open now, the oldest first; none in a child of a process in which
/// gomon ran.
#[must_use]
pub fn in_flight() -> Vec<Work> {
    if fork::is_child() {
        return Vec::new();
    }
    let scope = Context::current().scope();
    let mut units = Vec::new();
    each(|unit, doing| {
        if unit.record.scope == scope {
            units.push((unit.record.start, unit.work(doing)));
        }
    });
    units.sort_by_key(|(start, _)| *start);
    units.into_iter().map(|(_, work)| work).collect()
}

/// The unit of work that the running code belongs to: of those of the current trace the one that began last.
pub(crate) fn in_hand() -> Option<Work> {
    let (trace, _) = Context::current().ids()?;
    let mut newest: Option<(u64, Work)> = None;
    each(|unit, doing| {
        let start = unit.record.start;
        let is_newer = newest.as_ref().is_none_or(|(other, _)| *other < start);
        if unit.record.trace == trace && is_newer {
            newest = Some((start, unit.work(doing)));
        }
    });
    newest.map(|(_, work)| work)
}

impl Work {
    pub(crate) fn tree(&self) -> Tree {
        Tree::map()
            .with("kind", self.kind)
            .with("id", self.id.to_string())
            .with(keys::LABEL, self.label.clone())
    }
}

pub(crate) fn count() -> usize {
    let mut count = 0;
    each(|_, _| count += 1);
    count
}

/// Enters a unit.
pub(crate) fn register(record: &Record, label: &str, details: WorkDetails) {
    let mut unit = Unit::default();
    unit.begin(record, |text| text.push_str(label), details);
    if let Some(mut shard) = fork::lock(shard(record.span)) {
        let registered = Registered { unit, polled: None };
        shard.insert((record.trace, record.span), registered);
    }
}

/// Enters a unit by what polls it, which keeps its place for the units that it polls after that: in the long run nothing is
/// allocated.
///
/// `label` is called under a lock: it is the wrapper's, and only copies text.
pub(crate) fn list(
    polled: &Arc<wait::unit::Unit>,
    record: &Record,
    label: impl FnOnce(&mut String),
    details: WorkDetails,
) {
    if polled.become_known()
        && let Some(mut listed) = fork::lock(&LISTED)
    {
        listed.push(Arc::downgrade(polled));
    }
    if let Some(mut unit) = fork::lock(polled.work()) {
        unit.begin(record, label, details);
    }
}

/// What polled units is gone. Its place in memory is kept by the list: it has to be shorter before many of them are.
pub(crate) fn forget_one_listed() {
    let gone = GONE.fetch_add(1, Ordering::Relaxed) + 1;
    if let Some(mut listed) = LISTED.try_lock()
        && gone >= listed.len() / 2
    {
        listed.retain(|polled| polled.strong_count() > 0);
        let enough = listed.len() * 2;
        listed.shrink_to(enough);
        GONE.store(0, Ordering::Relaxed);
    }
}

/// Enters a unit by itself that was entered by what polled it, and is polled no more.
pub(crate) fn leave_list(polled: &wait::unit::Unit, record: &Record) {
    let listed = fork::lock(polled.work()).and_then(|mut unit| unit.end().then(|| unit.clone()));
    if let (Some(unit), Some(mut shard)) = (listed, fork::lock(shard(record.span))) {
        let unit = Unit {
            is_open: true,
            ..unit
        };
        let registered = Registered { unit, polled: None };
        shard.insert((record.trace, record.span), registered);
    }
}

pub(crate) fn relabel(trace: TraceId, span: SpanId, label: &str) {
    let label = limits::prefix(label, limits::LABEL_BYTES);
    change(trace, span, |unit| {
        unit.label.clear();
        unit.label.push_str(label);
    });
}

/// Its opening event was sent.
pub(crate) fn note_opened(record: &Record) {
    change(record.trace, record.span, |unit| {
        unit.record.flags = record.flags
    });
}

/// What a registered unit is called, and what else is said of it, is something else from now on; false if it is not there.
pub(crate) fn change(trace: TraceId, span: SpanId, change: impl FnOnce(&mut Unit)) -> bool {
    if let Some(mut shard) = fork::lock(shard(span))
        && let Some(registered) = shard.get_mut(&(trace, span))
    {
        change(&mut registered.unit);
        return true;
    }
    for polled in listed() {
        if let Some(mut unit) = fork::lock(polled.work())
            && unit.is_open
            && (unit.record.trace, unit.record.span) == (trace, span)
        {
            change(&mut unit);
            return true;
        }
    }
    false
}

/// Somebody polls it, and keeps the books of that.
pub(crate) fn watch(record: &Record, polled: &Arc<wait::unit::Unit>) {
    if let Some(mut shard) = fork::lock(shard(record.span))
        && let Some(registered) = shard.get_mut(&(record.trace, record.span))
    {
        registered.polled = Some(Arc::clone(polled));
    }
}

/// Ends a unit by `send`, unless shutdown takes it: it is then sent as abandoned.
///
/// All of it is done while the unit's place is locked. Shutdown says first that gomon does not run any more, then
/// goes once more over all places, and then over the rings: so what is sent from here is on time, and what
/// is left here is taken.
pub(crate) fn end(record: Box<Record>, send: impl FnOnce(Box<Record>)) {
    let Some(mut shard) = fork::lock(shard(record.span)) else {
        return;
    };
    if is_ending() {
        return;
    }
    let registered = shard.remove(&(record.trace, record.span));
    if registered.is_some() {
        send(record);
    }
    // What is removed is dropped after the lock was let go: wakers are somebody else's.
    drop(shard);
    drop(registered);
}

/// The same of a unit that was [listed](list) by what polls it.
pub(crate) fn end_listed(
    polled: &wait::unit::Unit,
    record: Box<Record>,
    send: impl FnOnce(Box<Record>),
) {
    let Some(mut unit) = fork::lock(polled.work()) else {
        return;
    };
    if !is_ending() && unit.end() {
        send(record);
    }
}

fn is_ending() -> bool {
    !state::load().is_running() && !bus::has_ended()
}

/// False if shutdown took the unit before: it has been sent as abandoned.
pub(crate) fn unregister(record: &Record) -> bool {
    // What is removed is dropped after the lock was let go: wakers are somebody else's.
    let mut shard = fork::lock(shard(record.span));
    let registered = shard
        .as_mut()
        .and_then(|shard| shard.remove(&(record.trace, record.span)));
    drop(shard);
    registered.is_some()
}

/// Takes every unit that is still open and makes its closing event.
#[expect(
    clippy::vec_box,
    reason = "records travel boxed: a move is a pointer's"
)]
pub(crate) fn abandon_all() -> Vec<Box<Record>> {
    let mut abandoned = Vec::new();
    for shard in SHARDS.iter() {
        let units = std::mem::take(&mut *shard.lock());
        abandoned.extend(
            units
                .into_values()
                .map(|registered| registered.unit.abandoned()),
        );
    }
    for polled in listed() {
        let mut unit = polled.work().lock();
        if unit.end() {
            abandoned.push(unit.abandoned());
        }
    }
    abandoned
}

/// Looks at all units that are open, and at what they are doing.
fn each(mut look: impl FnMut(&Unit, Option<&wait::unit::Unit>)) {
    for shard in SHARDS.iter().filter_map(fork::lock) {
        for registered in shard.values() {
            look(&registered.unit, registered.polled.as_deref());
        }
    }
    for polled in listed() {
        if let Some(unit) = fork::lock(polled.work())
            && unit.is_open
        {
            look(&unit, Some(&polled));
        }
    }
}

/// All that polls units, or did so.
fn listed() -> Vec<Arc<wait::unit::Unit>> {
    let listed = fork::lock(&LISTED);
    listed.map_or_else(Vec::new, |listed| {
        listed.iter().filter_map(Weak::upgrade).collect()
    })
}

/// A unit as the registry knows it: what it must know to close an event whose record it does not have. It is kept for units to
/// come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    is_open: bool,
    record: Identity,
    label: String,
    details: WorkDetails,
}

#[derive(Clone, Copy, Debug)]
struct Identity {
    fp: &'static str,
    trace: TraceId,
    span: SpanId,
    parent: Option<SpanId>,
    flags: Flags,
    scope: u32,
    start: crate::clock::Stamp,
}

impl Identity {
    fn of(record: &Record) -> Self {
        Self {
            fp: record.fp,
            trace: record.trace,
            span: record.span,
            parent: record.parent(),
            flags: record.flags,
            scope: record.scope,
            start: record.start,
        }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            fp: "",
            trace: TraceId(0),
            span: SpanId(0),
            parent: None,
            flags: Flags::NONE,
            scope: 0,
            start: 0,
        }
    }
}

impl Unit {
    fn begin(&mut self, record: &Record, label: impl FnOnce(&mut String), details: WorkDetails) {
        self.is_open = true;
        self.record = Identity::of(record);
        self.details = details;
        self.label.clear();
        label(&mut self.label);
        if self.label.len() > limits::LABEL_BYTES {
            self.label
                .truncate(limits::prefix(&self.label, limits::LABEL_BYTES).len());
            self.label.shrink_to_fit();
        }
    }

    /// What it is called, and what else is said of it, is that from now on.
    pub(crate) fn describe(&mut self, label: &str, details: WorkDetails) {
        self.label.clear();
        self.label
            .push_str(limits::prefix(label, limits::LABEL_BYTES));
        self.details = details;
    }

    /// Its fingerprint and its route, while it is open.
    pub(crate) fn kind(&self) -> Option<(&'static str, Option<&str>)> {
        let kind = (self.record.fp, self.details.route.as_deref());
        self.is_open.then_some(kind)
    }

    /// False if it is not open any more.
    fn end(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }

    fn work(&self, polled: Option<&wait::unit::Unit>) -> Work {
        let Identity {
            fp,
            trace,
            span,
            parent,
            start,
            ..
        } = self.record;
        Work {
            kind: fp,
            id: trace.event_id(span),
            parent: parent.map(|span| trace.event_id(span)),
            start: UNIX_EPOCH + Duration::from_nanos(clock::unix_nanos(start)),
            label: Cow::Owned(self.label.clone()),
            doing: polled.map(wait::unit::Unit::doing),
            busy: polled.map(|polled| polled.busy_since(start)),
            details: self.details.clone(),
        }
    }

    fn abandoned(&self) -> Box<Record> {
        let Identity {
            fp,
            trace,
            span,
            parent,
            flags,
            scope,
            start,
        } = self.record;
        let mut record = open::own(fp);
        (record.trace, record.span) = (trace, span);
        record.set_parent(parent);
        (record.scope, record.start, record.end) = (scope, start, Source::of(scope).now());
        // Whether it is a root, and whether its opening event was sent: sampling goes by that.
        record.flags = flags;
        record.set(keys::LABEL, self.label.as_str().into());
        record.mark(Outcome::Abandoned);
        record
    }
}

/// A unit that was entered by itself, and what polls it, if that is known.
struct Registered {
    unit: Unit,
    polled: Option<Arc<wait::unit::Unit>>,
}

type Shard = HashMap<(TraceId, SpanId), Registered, BuildHasherDefault<SpanHasher>>;

/// The bits of a span were drawn at random by this process: nothing is gained by mixing them.
#[derive(Default)]
struct SpanHasher(u64);

impl Hasher for SpanHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    /// The last one is the span. All of a shard have the same lowest bits.
    fn write_u64(&mut self, bits: u64) {
        self.0 = bits.rotate_right(8);
    }

    fn write_u128(&mut self, _trace: u128) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

fn shard(span: SpanId) -> &'static Mutex<Shard> {
    let at = usize::try_from(span.0).unwrap_or(0) % SHARDS.len();
    #[expect(clippy::indexing_slicing, reason = "within bounds by the modulo")]
    &SHARDS[at]
}

/// Many, so that requests on different threads seldom meet.
static SHARDS: LazyLock<[Mutex<Shard>; 16]> = LazyLock::new(Default::default);

/// What polls units, or did: where to look for those that are [listed](list).
static LISTED: Mutex<Vec<Weak<wait::unit::Unit>>> = Mutex::new(Vec::new());
/// How many of them are gone, since they were looked for.
static GONE: AtomicUsize = AtomicUsize::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_forgets_what_is_gone() {
        let record = open::own("request");
        let polled = || {
            let polled = Arc::new(wait::unit::Unit::new(0, Source::PROCESS));
            list(&polled, &record, |_| {}, WorkDetails::default());
            polled
        };
        let first = polled();
        let many: Vec<_> = (0..1_000).map(|_| polled()).collect();
        assert!(LISTED.lock().len() > 1_000);
        drop(many);
        assert!(LISTED.lock().len() < 500);
        let is_first = |other: &Arc<_>| Arc::ptr_eq(other, &first);
        assert_eq!(listed().iter().filter(|other| is_first(other)).count(), 1);
    }
}

//! Units of work in flight: one registry behind the in-flight list, `abandoned` at shutdown, and
//! gauges that cannot leak.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
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
    let mut units: Vec<(u64, Work)> = Vec::new();
    for shard in SHARDS.iter().filter_map(fork::lock) {
        let mine = shard
            .units
            .values()
            .filter(|unit| unit.record.scope == scope);
        units.extend(mine.map(|unit| (unit.record.start, unit.work())));
    }
    units.sort_by_key(|(start, _)| *start);
    units.into_iter().map(|(_, work)| work).collect()
}

/// The unit of work that the running code belongs to: of those of the current trace the one that began last.
pub(crate) fn in_hand() -> Option<Work> {
    let (trace, _) = Context::current().ids()?;
    let mut newest: Option<(u64, Work)> = None;
    for shard in SHARDS.iter().filter_map(fork::lock) {
        let of_trace = shard
            .units
            .values()
            .filter(|unit| unit.record.trace == trace);
        if let Some(unit) = of_trace.max_by_key(|unit| unit.record.start) {
            let start = unit.record.start;
            if newest.as_ref().is_none_or(|(other, _)| *other < start) {
                newest = Some((start, unit.work()));
            }
        }
    }
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
    let shards = SHARDS.iter().filter_map(fork::lock);
    shards.map(|shard| shard.units.len()).sum()
}

/// Enters a unit, under the label that `label` appends; if somebody polls it, with the books of that.
///
/// `label` is called under a lock: it is the wrapper's, and only copies text.
pub(crate) fn register(
    record: &Record,
    label: impl FnOnce(&mut String),
    details: WorkDetails,
    polled: Option<&Arc<wait::unit::Unit>>,
) {
    let (record, polled) = (Identity::of(record), polled.map(Arc::clone));
    if let Some(mut shard) = fork::lock(shard(record.span)) {
        let mut text = shard.labels.pop().unwrap_or_default();
        label(&mut text);
        bound(&mut text);
        let unit = Unit {
            record,
            label: text,
            details,
            polled,
        };
        shard.units.insert((record.trace, record.span), unit);
    }
}

pub(crate) fn relabel(trace: TraceId, span: SpanId, label: &str) {
    let label = limits::prefix(label, limits::LABEL_BYTES);
    if let Some(mut shard) = fork::lock(shard(span))
        && let Some(unit) = shard.units.get_mut(&(trace, span))
    {
        unit.label.clear();
        unit.label.push_str(label);
    }
}

/// Its opening event was sent.
pub(crate) fn note_opened(record: &Record) {
    if let Some(mut shard) = fork::lock(shard(record.span))
        && let Some(unit) = shard.units.get_mut(&(record.trace, record.span))
    {
        unit.record.flags = record.flags;
    }
}

/// Somebody polls it, and keeps the books of that.
pub(crate) fn watch(record: &Record, polled: &Arc<wait::unit::Unit>) {
    if let Some(mut shard) = fork::lock(shard(record.span))
        && let Some(unit) = shard.units.get_mut(&(record.trace, record.span))
    {
        unit.polled = Some(Arc::clone(polled));
    }
}

fn bound(label: &mut String) {
    if label.len() > limits::LABEL_BYTES {
        label.truncate(limits::prefix(label, limits::LABEL_BYTES).len());
        label.shrink_to_fit();
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
    let ending = !state::load().is_running() && !bus::has_ended();
    if ending {
        return;
    }
    let polled = shard.remove(&record);
    if polled.is_some() {
        send(record);
    }
    // What is removed is dropped after the lock was let go: wakers are somebody else's.
    drop(shard);
    drop(polled);
}

/// False if shutdown took the unit before: it has been sent as abandoned.
pub(crate) fn unregister(record: &Record) -> bool {
    // What is removed is dropped after the lock was let go: wakers are somebody else's.
    let mut shard = fork::lock(shard(record.span));
    let polled = shard.as_mut().and_then(|shard| shard.remove(record));
    drop(shard);
    polled.is_some()
}

/// Takes every unit that is still open and makes its closing event.
#[expect(
    clippy::vec_box,
    reason = "records travel boxed: a move is a pointer's"
)]
pub(crate) fn abandon_all() -> Vec<Box<Record>> {
    let units = SHARDS
        .iter()
        .flat_map(|shard| std::mem::take(&mut shard.lock().units));
    units.map(|(_, unit)| unit.abandoned()).collect()
}

struct Unit {
    record: Identity,
    label: String,
    details: WorkDetails,
    polled: Option<Arc<wait::unit::Unit>>,
}

/// What the registry must know to close an event whose record it does not have.
#[derive(Clone, Copy)]
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

impl Unit {
    fn work(&self) -> Work {
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
            doing: self.polled.as_ref().map(|polled| polled.doing()),
            busy: self.polled.as_ref().map(|polled| polled.busy_since(start)),
            details: self.details.clone(),
        }
    }

    fn abandoned(self) -> Box<Record> {
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
        record.set(keys::LABEL, self.label.into());
        record.mark(Outcome::Abandoned);
        record
    }
}

/// Some of the units.
#[derive(Default)]
struct Shard {
    units: HashMap<(TraceId, SpanId), Unit, BuildHasherDefault<SpanHasher>>,
    /// Memory for the labels of units to come: in the long run none is allocated.
    labels: Vec<String>,
}

impl Shard {
    /// Removes a unit, if it is there; what polled it is left.
    fn remove(&mut self, record: &Record) -> Option<Option<Arc<wait::unit::Unit>>> {
        let unit = self.units.remove(&(record.trace, record.span))?;
        if self.labels.len() < LABELS {
            let mut label = unit.label;
            label.clear();
            self.labels.push(label);
        }
        Some(unit.polled)
    }
}

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

/// Labels that a shard keeps: 8 KiB at the most, like all of a server that has 500 requests at once.
const LABELS: usize = 32;

fn shard(span: SpanId) -> &'static Mutex<Shard> {
    let at = usize::try_from(span.0).unwrap_or(0) % SHARDS.len();
    #[expect(clippy::indexing_slicing, reason = "within bounds by the modulo")]
    &SHARDS[at]
}

/// Many, so that requests on different threads seldom meet.
static SHARDS: LazyLock<[Mutex<Shard>; 16]> = LazyLock::new(Default::default);

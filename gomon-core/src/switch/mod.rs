//! Live switches: more is recorded of what matches, for a while, without a restart.
//!
//! A [`Switch`] says of which traces or events, what, and for how long. It is turned on in code, or by the table
//! `switches` of a configuration, and is over when its time is, when it was turned off, or when as many traces as it may
//! take have matched. Whatever it adds is masked like everything else.
//!
//! While no switch is on, all this costs a relaxed load where a wrapper asks what to record, and nothing elsewhere.
//!
//! # For wrappers
//!
//! A wrapper that asks [`EventTracker::capture`](crate::EventTracker::capture) what it may record heeds switches. One that
//! begins a request or takes a message tells what it knows of it by
//! [`EventTracker::tell_switches`](crate::EventTracker::tell_switches); `route` and `user` are also heard where they are set as
//! attributes.

mod conditions;
mod description;
mod effects;
mod marks;
pub(crate) mod rules;
mod table;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock;
use crate::error::Error;
use crate::event::id::TraceId;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::fork;
use crate::switch::conditions::Known;
use crate::switch::description::News;
use crate::switch::rules::Rules;
use crate::switch::table::{Look, Origin, Table};

pub(crate) use effects::Effects;

/// Records more of what matches, for a while.
///
/// All conditions that are given have to hold. [`route`](Self::route), [`user`](Self::user) and [`header`](Self::header) are those
/// of a trace: once they hold, the switch is on for the rest of that trace in this process, with the statements, calls and
/// segments below. [`fingerprint`](Self::fingerprint) says which events it is about, all by default. In a pattern `*` is any
/// text; the whole is compared, without regard to ASCII case.
///
/// ```
/// use std::time::Duration;
/// use gomon_core::switch::{self, Switch};
///
/// Switch::new("checkout of ada")
///     .route("/checkout*")
///     .user("ada")
///     .bodies(4096)
///     .rows(10)
///     .full_sampling()
///     .lasting(Duration::from_secs(300))
///     .at_most(100)
///     .turn_on()?;
/// assert!(switch::list().iter().any(|on| on.name == "checkout of ada"));
/// assert!(switch::turn_off("checkout of ada"));
/// # Ok::<(), gomon_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a switch does nothing until it is turned on"]
pub struct Switch {
    name: String,
    rules: Rules,
}

/// A switch that is on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SwitchState {
    /// Its name.
    pub name: String,
    /// What it is about and what it turns on, for people. The values of headers are left out.
    pub what: String,
    /// Who turned it on.
    pub set_by: SetBy,
    /// How long it stays on.
    pub left: Duration,
    /// The traces in which it took effect so far.
    pub matched: u64,
}

/// Who turned a switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetBy {
    /// The program, by [`Switch::turn_on`].
    Code,
    /// The table `switches` of a configuration.
    Configuration,
}

impl Switch {
    /// A switch of that name, without conditions and effects yet. It lasts 10 minutes.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            rules: Rules::default(),
        }
    }

    /// Requests of this route: its template, such as `/users/{id}`, or what else is set as `route`.
    pub fn route(mut self, pattern: impl Into<String>) -> Self {
        self.rules.conditions.route = Some(pattern.into().into());
        self
    }

    /// What is done for this user: what the program sets as `user`, of the request or below
    /// (`gomon::current().set("user", id)`).
    pub fn user(mut self, pattern: impl Into<String>) -> Self {
        self.rules.conditions.user = Some(pattern.into().into());
        self
    }

    /// Requests and messages with such a header. `*` is any value.
    pub fn header(mut self, name: impl Into<String>, pattern: impl Into<String>) -> Self {
        self.rules.conditions.header = Some((name.into(), pattern.into()).into());
        self
    }

    /// Events of this kind, such as `sql-*`.
    pub fn fingerprint(mut self, pattern: impl Into<String>) -> Self {
        self.rules.conditions.fingerprint = Some(pattern.into().into());
        self
    }

    /// Records bodies up to so many bytes a side, where less is recorded otherwise. At most 65,536.
    pub fn bodies(mut self, bytes: usize) -> Self {
        self.rules.effects.bodies = bytes;
        self
    }

    /// Records so many rows of results, where fewer are recorded otherwise. At most 1,000.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rules.effects.rows = rows;
        self
    }

    /// Records the text of statements as written, and bound values.
    pub fn values(mut self) -> Self {
        self.rules.effects.values = true;
        self
    }

    /// Keeps the traces whatever sampling says, with the weight 1. Head sampling is overruled by what is known when the
    /// trace begins: its headers, its route where the layer is inside of the router, and its fingerprint.
    pub fn full_sampling(mut self) -> Self {
        self.rules.effects.sampling = true;
        self
    }

    /// Measures CPU time and allocations: `cpu` and `allocs` of units of work, and of the children of segments. It costs
    /// 0.8 µs for each poll of a unit, and for each run of a child. What a unit is found to match later is measured from its
    /// beginning; a segment, if the switch was on when it began.
    pub fn profile(mut self) -> Self {
        self.rules.effects.profile = true;
        self
    }

    /// How long it stays on: at most 24 hours. Default: 10 minutes.
    pub fn lasting(mut self, time: Duration) -> Self {
        self.rules.lasting = time;
        self
    }

    /// Takes effect in at most so many traces. No limit by default.
    pub fn at_most(mut self, traces: u64) -> Self {
        self.rules.at_most = Some(traces);
        self
    }

    /// Turns it on, in place of another one of its name. A `log` event says so, and one says when it is over.
    ///
    /// # Errors
    ///
    /// [`Error::Switch`] if it has no condition or no effect, if a name, a pattern or a number is out of its bounds, or if 16
    /// others are on that code has set; nothing is changed then. [`Error::Forked`] in a child of a process in which gomon ran.
    pub fn turn_on(self) -> Result<(), Error> {
        let refused = |message| Error::Switch {
            name: self.name.clone(),
            message,
        };
        rules::check_name(&self.name).map_err(refused)?;
        self.rules.check().map_err(refused)?;
        let mut table = fork::lock(&TABLE).ok_or(Error::Forked)?;
        let turned_on = table.turn_on(&self.name, &self.rules, Origin::Code, now());
        publish(&table);
        drop(table);
        turned_on.map_err(refused)
    }
}

/// The switches that are on, in the order in which they were turned on.
#[must_use]
pub fn list() -> Vec<SwitchState> {
    let Some(mut table) = fork::lock(&TABLE) else {
        return Vec::new();
    };
    table.expire(now());
    publish(&table);
    table.list(now())
}

/// Turns a switch off, whoever turned it on; false if none of that name is on. One of a configuration stays off until what
/// is written of it changes, or gomon starts again.
#[must_use = "false says that there was no such switch"]
pub fn turn_off(name: &str) -> bool {
    let Some(mut table) = fork::lock(&TABLE) else {
        return false;
    };
    table.expire(now());
    let was_on = table.turn_off(name);
    publish(&table);
    was_on
}

/// Whether any is on: a relaxed load, for wrappers whose answers to [`tell_switches`](crate::EventTracker::tell_switches) are dear.
#[inline(always)]
#[must_use]
pub fn is_any_on() -> bool {
    ON.load(Ordering::Relaxed) != 0
}

/// Turns on what a configuration has, and off what it had and has not any more.
pub(crate) fn configure(switches: Option<&BTreeMap<String, Rules>>) {
    if let Some(mut table) = fork::lock(&TABLE) {
        let none = BTreeMap::new();
        table.configure(switches.unwrap_or(&none), now());
        publish(&table);
    }
}

/// What is added to an event of that fingerprint in that trace.
#[cold]
#[inline(never)]
pub(crate) fn effects(fp: &str, trace: Option<TraceId>) -> Effects {
    look(fp, trace, Look::Now)
}

/// What may come to be added while it is open.
#[cold]
#[inline(never)]
pub(crate) fn effects_ahead(fp: &str, trace: Option<TraceId>) -> Effects {
    look(fp, trace, Look::Ahead)
}

fn look(fp: &str, trace: Option<TraceId>, look: Look) -> Effects {
    let Some(mut table) = fork::lock(&TABLE) else {
        return Effects::default();
    };
    table.effects(fp, trace, look, now())
}

/// An attribute that is a condition is being set.
#[cold]
#[inline(never)]
pub(crate) fn offer(trace: TraceId, key: &str, value: &Value<'_>) {
    let Some(known) = Known::of_key(key) else {
        return;
    };
    let mut id = uuid::Uuid::encode_buffer();
    let mut number = itoa::Buffer::new();
    let text: &str = match value {
        Value::Str(text) => text,
        Value::Static(text) => text,
        Value::String(text) => text,
        Value::Bytes(bytes) => str::from_utf8(bytes).unwrap_or_default(),
        Value::I64(value) => number.format(*value),
        Value::U64(value) => number.format(*value),
        Value::Uuid(value) => value.as_hyphenated().encode_lower(&mut id),
        Value::Null | Value::Bool(_) | Value::F64(_) | Value::Tree(_) => return,
    };
    if let Some(mut table) = fork::lock(&TABLE) {
        table.note(trace, known, text);
    }
}

/// Tells which headers came. `get` is somebody else's: it is called without a lock.
pub(crate) fn offer_headers<'a>(
    trace: TraceId,
    mut get: impl FnMut(&str, &mut dyn FnMut(&'a [u8])),
) {
    let Some(wanted) = fork::lock(&TABLE).map(|table| table.headers()) else {
        return;
    };
    let there = wanted.into_iter().filter(|wanted| {
        let mut there = false;
        get(wanted.name(), &mut |value| there |= wanted.is_met(value));
        there
    });
    let there: Vec<_> = there.collect();
    if !there.is_empty()
        && let Some(mut table) = fork::lock(&TABLE)
    {
        table.note_headers(trace, &there);
    }
}

/// Whether an event on the bus is to be kept. With the root its trace ends.
#[cold]
#[inline(never)]
pub(crate) fn keeps(fp: &str, trace: TraceId, is_root: bool) -> bool {
    let Some(mut table) = fork::lock(&TABLE) else {
        return false;
    };
    let kept = table
        .effects(fp, Some(trace), Look::Sampling, now())
        .sampling;
    if is_root {
        table.forget(trace);
    }
    kept
}

/// Ends what is over, and gives what there is to say about switches since the last time.
pub(crate) fn news() -> impl Iterator<Item = Box<Record>> {
    let is_there = is_any_on() || HAS_NEWS.load(Ordering::Relaxed);
    let news = is_there.then(take_news).flatten().unwrap_or_default();
    news.into_iter().map(description::record)
}

fn take_news() -> Option<VecDeque<News>> {
    let mut table = fork::lock(&TABLE)?;
    table.expire(now());
    let news = table.take_news();
    publish(&table);
    Some(news)
}

fn publish(table: &Table) {
    ON.store(table.on(), Ordering::Relaxed);
    HAS_NEWS.store(table.has_news(), Ordering::Relaxed);
}

fn now() -> u64 {
    clock::monotonic_nanos()
}

impl fmt::Display for SetBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "code",
            Self::Configuration => "configuration",
        })
    }
}

/// Which places of the table are on: what is asked first, by all. What it says is known under the lock.
static ON: AtomicU32 = AtomicU32::new(0);
static HAS_NEWS: AtomicBool = AtomicBool::new(false);
static TABLE: Mutex<Table> = Mutex::new(Table::EMPTY);

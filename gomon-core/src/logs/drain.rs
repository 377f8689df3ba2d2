use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use slog::{
    BorrowedKV, Drain, FlushError, KV, Key, Level, OwnedKVList, Record, RecordStatic, Serializer,
};

use super::line::bound::Bound;
use super::line::fields::Fields;
use super::line::severity::Severity;
use super::line::{Line, Settings, inside, is_recorded};
use crate::context::Context;
use crate::event::value::Tree;

/// The bridge from slog: each record becomes an event `log`, a child of the current context.
///
/// It stands in front of the drain that was there, or of [`slog::Discard`]. The drain behind it gets
/// every record as before, and with it the ids of the event that the record belongs to, as `trace` and
/// `id`, where there is one.
///
/// Put it where records are logged, in front of an asynchronous drain: on another thread there is no
/// request any more. A record that is recorded costs its text once more, an event, and nothing that blocks.
/// See [`logs`](crate::logs) for what is taken.
///
/// The event's `target` is the record's tag, else its module; the names and values of the record and of its
/// logger are `fields`: numbers and booleans as such, all else as text.
///
/// ```
/// use gomon_core::logs::GomonDrain;
/// use slog::{Discard, Logger, info, o};
///
/// let logger = Logger::root(GomonDrain::new(Discard), o!("version" => 3));
/// info!(logger, "paid"; "order" => 7);
/// ```
#[derive(Debug)]
pub struct GomonDrain<D> {
    settings: Settings,
    next: D,
}

impl<D> GomonDrain<D> {
    /// A bridge in front of a drain.
    #[must_use]
    pub fn new(next: D) -> Self {
        Self {
            settings: Settings::default(),
            next,
        }
    }

    /// The least serious level that is recorded. Default: [`Level::Info`].
    #[must_use]
    pub fn max_level(mut self, level: Level) -> Self {
        self.settings.filter.set(severity_of(level));
        self
    }

    /// The same for one tag or module and what is in it; of several that match, the longest counts.
    #[must_use]
    pub fn target_level(mut self, target: impl Into<Cow<'static, str>>, level: Level) -> Self {
        let severity = severity_of(level);
        self.settings.filter.set_target(target.into(), severity);
        self
    }

    /// How many records become events in a second, over all threads; what is more counts as dropped.
    /// Default: 10,000.
    #[must_use]
    pub fn max_per_second(mut self, records: u32) -> Self {
        self.settings.bound = Bound::per_second(records);
        self
    }

    fn record(&self, context: Context, record: &Record<'_>, values: &OwnedKVList) {
        let target = match record.tag() {
            "" => record.module(),
            tag => tag,
        };
        let severity = severity_of(record.level());
        let Some(mut line) = Line::begin(&self.settings, context, severity, target) else {
            return;
        };
        line.message(record.msg());
        let mut taking = Taking(&mut line.fields);
        // The nearest first; an error would be a value's own, and is its loss.
        inside::guarded(|| {
            _ = record.kv().serialize(record, &mut taking);
            _ = values.serialize(record, &mut taking);
        });
        line.finish(Some((record.file(), record.line())));
    }
}

impl<D> Drain for GomonDrain<D>
where
    D: Drain,
    D::Ok: Default,
{
    type Ok = D::Ok;
    type Err = D::Err;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<D::Ok, D::Err> {
        // The drain behind formats the same value once more, and then gets what it logs.
        if inside::is_formatting() {
            return Ok(D::Ok::default());
        }
        let context = Context::current();
        self.record(context, record, values);
        if context.event_id().is_none() {
            return self.next.log(record, values);
        }
        let fixed = RecordStatic {
            location: record.location(),
            tag: record.tag(),
            level: record.level(),
        };
        let pairs = (record.kv(), context.log_ids());
        let with_ids = Record::new(&fixed, record.msg(), BorrowedKV(&pairs));
        self.next.log(&with_ids, values)
    }

    fn is_enabled(&self, level: Level) -> bool {
        let recorded = severity_of(level) <= self.settings.filter.least();
        (recorded && is_recorded(Context::current())) || self.next.is_enabled(level)
    }

    fn flush(&self) -> Result<(), FlushError> {
        self.next.flush()
    }
}

/// Takes names and values as fields; of several values of a name, the first.
struct Taking<'a>(&'a mut Fields);

impl Taking<'_> {
    fn set(&mut self, key: &Key, value: impl Into<Tree>) -> slog::Result {
        let name = name_of(key);
        if !self.0.has(name) {
            self.0.set_named(name, value);
        }
        Ok(())
    }

    fn display(&mut self, key: &Key, value: impl fmt::Display) -> slog::Result {
        let name = name_of(key);
        if !self.0.has(name) {
            self.0.display_named(name, value);
        }
        Ok(())
    }
}

macro_rules! take {
    ($($emit:ident: $of:ty as $as:ty),* $(,)?) => { $(
        fn $emit(&mut self, key: Key, value: $of) -> slog::Result {
            self.set(&key, <$as>::from(value))
        }
    )* };
}

impl Serializer for Taking<'_> {
    take! {
        emit_bool: bool as bool,
        emit_u8: u8 as u64, emit_u16: u16 as u64, emit_u32: u32 as u64, emit_u64: u64 as u64,
        emit_i8: i8 as i64, emit_i16: i16 as i64, emit_i32: i32 as i64, emit_i64: i64 as i64,
        emit_f32: f32 as f64, emit_f64: f64 as f64,
    }

    fn emit_usize(&mut self, key: Key, value: usize) -> slog::Result {
        self.set(&key, value)
    }

    fn emit_isize(&mut self, key: Key, value: isize) -> slog::Result {
        self.set(&key, i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn emit_unit(&mut self, key: Key) -> slog::Result {
        self.set(&key, Tree::Null)
    }

    fn emit_none(&mut self, key: Key) -> slog::Result {
        self.set(&key, Tree::Null)
    }

    fn emit_arguments(&mut self, key: Key, value: &fmt::Arguments<'_>) -> slog::Result {
        self.display(&key, value)
    }

    fn emit_error(&mut self, key: Key, error: &(dyn Error + 'static)) -> slog::Result {
        self.display(&key, error)
    }
}

#[allow(
    clippy::useless_asref,
    reason = "slog's feature `dynamic-keys` makes keys a type of their own"
)]
fn name_of(key: &Key) -> &str {
    key.as_ref()
}

fn severity_of(level: Level) -> Severity {
    match level {
        Level::Critical => Severity::CRITICAL,
        Level::Error => Severity::ERROR,
        Level::Warning => Severity::WARN,
        Level::Info => Severity::INFO,
        Level::Debug => Severity::DEBUG,
        Level::Trace => Severity::TRACE,
    }
}

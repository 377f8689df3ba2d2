use std::borrow::Cow;
use std::fmt;

use log::kv::{self, VisitSource};
use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};

use super::line::bound::Bound;
use super::line::fields::Fields;
use super::line::severity::Severity;
use super::line::{Line, Settings, inside, is_recorded};
use crate::context::Context;
use crate::event::value::Tree;

/// The bridge from `log`: each line becomes an event `log`, a child of the current context.
///
/// It stands alone or in front of the logger that was there, which gets every line as before. A
/// line that is recorded costs its text once more, an event, and nothing that blocks; one that is
/// not costs a few comparisons. See [`logs`](crate::logs) for what is taken.
///
/// The names and values of structured lines are the event's `fields`: numbers and booleans as such, all
/// else as text.
///
/// ```
/// use gomon_core::logs::GomonLogger;
/// # fn my_logger() -> impl log::Log { GomonLogger::new() }
///
/// GomonLogger::new().then(my_logger()).init()?;
/// log::info!(order = 7; "paid");
/// # Ok::<(), log::SetLoggerError>(())
/// ```
#[must_use = "a logger does nothing until it is installed"]
pub struct GomonLogger {
    settings: Settings,
    next: Option<Box<dyn Log>>,
}

impl GomonLogger {
    /// A bridge with nothing behind it.
    pub fn new() -> Self {
        Self {
            settings: Settings::default(),
            next: None,
        }
    }

    /// Hands every line on to the logger that was there before, which filters for itself.
    pub fn then(mut self, next: impl Log + 'static) -> Self {
        self.next = Some(Box::new(next));
        self
    }

    /// The least serious level that is recorded. Default: [`LevelFilter::Info`].
    pub fn max_level(mut self, level: LevelFilter) -> Self {
        self.settings.filter.set(severity_of(level));
        self
    }

    /// The same for one module and what is in it; of several that match, the longest counts.
    ///
    /// ```
    /// use gomon_core::logs::GomonLogger;
    /// use log::LevelFilter;
    ///
    /// let logger = GomonLogger::new()
    ///     .target_level("hyper", LevelFilter::Warn)
    ///     .target_level("shop::checkout", LevelFilter::Debug);
    /// ```
    pub fn target_level(
        mut self,
        target: impl Into<Cow<'static, str>>,
        level: LevelFilter,
    ) -> Self {
        let severity = severity_of(level);
        self.settings.filter.set_target(target.into(), severity);
        self
    }

    /// How many lines are recorded in a second, over all threads; what is more counts as dropped.
    /// Default: 10,000.
    pub fn max_per_second(mut self, lines: u32) -> Self {
        self.settings.bound = Bound::per_second(lines);
        self
    }

    /// Makes it the logger of the process.
    ///
    /// `log`'s maximum level becomes the one that is recorded. With another logger behind, whose
    /// level is not known here, it becomes `Trace`: [`log::set_max_level`] afterwards spares the program lines
    /// that nobody takes.
    ///
    /// # Errors
    ///
    /// If there is a logger already.
    pub fn init(self) -> Result<(), SetLoggerError> {
        let level = match &self.next {
            Some(_) => LevelFilter::Trace,
            None => level_of(self.settings.filter.least()),
        };
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(level);
        Ok(())
    }

    fn record(&self, record: &Record<'_>) {
        let severity = severity_of(record.level().to_level_filter());
        let context = Context::current();
        let Some(mut line) = Line::begin(&self.settings, context, severity, record.target()) else {
            return;
        };
        line.message(record.args());
        let mut visitor = Visitor(&mut line.fields);
        // Of errors there are none but the visitor's, which has none.
        inside::guarded(|| _ = record.key_values().visit(&mut visitor));
        line.finish(record.file().zip(record.line()));
    }
}

impl Log for GomonLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let severity = severity_of(metadata.level().to_level_filter());
        let recorded = is_recorded(Context::current())
            && self.settings.filter.passes(severity, metadata.target());
        recorded
            || self
                .next
                .as_ref()
                .is_some_and(|next| next.enabled(metadata))
    }

    fn log(&self, record: &Record<'_>) {
        // The logger behind formats the same value once more, and then gets what it logs.
        if inside::is_formatting() {
            return;
        }
        self.record(record);
        if let Some(next) = &self.next {
            next.log(record);
        }
    }

    fn flush(&self) {
        if let Some(next) = &self.next {
            next.flush();
        }
    }
}

impl Default for GomonLogger {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for GomonLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GomonLogger")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Takes the names and values of a structured line.
struct Visitor<'a>(&'a mut Fields);

impl<'kvs> VisitSource<'kvs> for Visitor<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        let Self(fields) = self;
        match tree_of(&value) {
            Some(tree) => fields.set_named(key.as_str(), tree),
            None => fields.display_named(key.as_str(), value),
        }
        Ok(())
    }
}

fn tree_of(value: &kv::Value<'_>) -> Option<Tree> {
    let number = value.to_i64().map(Tree::from);
    let number = number.or_else(|| value.to_u64().map(Tree::from));
    let number = number.or_else(|| value.to_f64().map(Tree::from));
    number.or_else(|| value.to_bool().map(Tree::from))
}

fn severity_of(level: LevelFilter) -> Severity {
    match level {
        LevelFilter::Off => Severity::OFF,
        LevelFilter::Error => Severity::ERROR,
        LevelFilter::Warn => Severity::WARN,
        LevelFilter::Info => Severity::INFO,
        LevelFilter::Debug => Severity::DEBUG,
        LevelFilter::Trace => Severity::TRACE,
    }
}

fn level_of(severity: Severity) -> LevelFilter {
    LevelFilter::iter()
        .find(|level| severity_of(*level) == severity)
        .unwrap_or(LevelFilter::Trace)
}

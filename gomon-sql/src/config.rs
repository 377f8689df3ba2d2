//! What a monitored pool takes down.

use std::sync::Arc;
use std::time::Duration;

use gomon_core::{Capture, capture};

use crate::comments::SqlComments;
use crate::explain::Explain;

/// Settings of one monitored pool or connection, or of the monitored drivers. Cloning is cheap.
///
/// ```
/// use gomon_core::Capture;
/// use gomon_sql::SqlConfig;
///
/// let config = SqlConfig::new().capture(Capture::safe().with_rows(10));
/// # let _ = config;
/// ```
#[derive(Clone, Debug, Default)]
pub struct SqlConfig {
    capture: Option<Arc<Capture>>,
    settings: Option<Arc<Settings>>,
    comments: Option<Arc<SqlComments>>,
    pool: Option<Arc<str>>,
    /// Who explains the statements of the pool that this is the configuration of.
    explainer: Option<Arc<dyn Explain>>,
}

/// What is set seldom, and shared by all that is made of a configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) finds_callers: bool,
    pub(crate) slow_after: Duration,
    pub(crate) unbounded_rows: u64,
    pub(crate) repeated: u32,
    pub(crate) long_transaction: Duration,
    pub(crate) idle_in_transaction: Duration,
    pub(crate) leak_after: Duration,
    pub(crate) sampled_every: Duration,
    pub(crate) explained_every: Option<Duration>,
}

impl Settings {
    const DEFAULT: Self = Self {
        finds_callers: true,
        slow_after: Duration::from_secs(1),
        unbounded_rows: 1000,
        repeated: 5,
        long_transaction: Duration::from_secs(5),
        idle_in_transaction: Duration::from_secs(1),
        leak_after: Duration::from_secs(60),
        sampled_every: Duration::from_secs(10),
        explained_every: None,
    };
}

impl SqlConfig {
    /// The defaults: what the process captures (`gomon_core::capture()`), read anew for each event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What to capture here, whatever the process captures. Default: as the process.
    #[must_use]
    pub fn capture(mut self, capture: Capture) -> Self {
        self.capture = Some(Arc::new(capture));
        self
    }

    /// Does not look for the callers of statements on `&pool`, `&mut tx` and `&mut conn` and through the Any driver, for which the
    /// stack is walked now and then. Default: it does.
    #[must_use]
    pub fn without_callers(self) -> Self {
        self.with(|settings| settings.finds_callers = false)
    }

    /// Statements that take this long or longer are `slow`. Default: 1 s, as in sqlx's own log.
    #[must_use]
    pub fn slow_after(self, threshold: Duration) -> Self {
        self.with(|settings| settings.slow_after = threshold)
    }

    /// Queries without a `LIMIT` are `unbounded` when so many rows or more came back. Default: 1,000.
    #[must_use]
    pub fn unbounded_rows(self, rows: u64) -> Self {
        self.with(|settings| settings.unbounded_rows = rows)
    }

    /// A statement that runs so many times or more under one parent is told of when the unit of work ends, as `sql-nplusone` or as
    /// `sql-duplicate`. Default: 5; less than 2 is taken as 2.
    #[must_use]
    pub fn repeated(self, times: u32) -> Self {
        self.with(|settings| settings.repeated = times.max(2))
    }

    /// Transactions that take this long or longer are `long`. Default: 5 s.
    #[must_use]
    pub fn long_transaction(self, threshold: Duration) -> Self {
        self.with(|settings| settings.long_transaction = threshold)
    }

    /// Transactions in which no statement ran for this long or longer at a stretch are `idle-in-transaction`: they hold locks for
    /// nothing. Default: 1 s.
    #[must_use]
    pub fn idle_in_transaction(self, threshold: Duration) -> Self {
        self.with(|settings| settings.idle_in_transaction = threshold)
    }

    /// Has slow statements explained, as `sql-explain`: one in this time at most, and each statement once an hour. Default: none is.
    ///
    /// The `EXPLAIN` is sent with the same bound values, of which a copy is kept while the statement runs, on a connection that
    /// is opened for it and closed again, outside of the pool. It does not run the statement (there is no `ANALYZE`), and the connection may only read,
    /// because servers call some functions to plan a statement. Only what reads is explained, and only what runs on a pool
    /// or what came from one. Literals in the plan are masked, unless bound values
    /// are captured. Needs the runtime that sqlx uses.
    #[must_use]
    pub fn explain_slow(self, at_most_every: Duration) -> Self {
        self.with(|settings| settings.explained_every = Some(at_most_every))
    }

    /// Has the statements of a typed pool take a comment to the server. Default: none.
    #[must_use]
    pub fn comments(mut self, comments: SqlComments) -> Self {
        self.comments = Some(Arc::new(comments));
        self
    }

    /// A connection of the pool that is held for so long is told of as `sql-leak`, once, with the line that took it. Default: 60 s;
    /// less than 10 ms is taken as 10 ms, and [`Duration::MAX`] for never.
    #[must_use]
    pub fn leak_after(self, held: Duration) -> Self {
        self.with(|settings| settings.leak_after = held.max(SHORTEST))
    }

    /// Time from one `sql-pool` event of the pool to the next. Default: 10 s; less than 10 ms is taken as 10 ms.
    #[must_use]
    pub fn sampled_every(self, interval: Duration) -> Self {
        self.with(|settings| settings.sampled_every = interval.max(SHORTEST))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = *self.settings();
        set(&mut settings);
        self.settings = Some(Arc::new(settings));
        self
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.settings.as_deref().unwrap_or(&Settings::DEFAULT)
    }

    /// What the pool is called, for programs with several: the key `pool` of its waits, samples and leaks, and a part of the name of its
    /// [probe](gomon_core::probe). Default: nothing; the probe is named after the engine.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.pool = Some(name.into());
        self
    }

    pub(crate) fn pool_name(&self) -> Option<&str> {
        self.pool.as_deref()
    }

    /// The comments, where there are any.
    pub(crate) fn commenting(&self) -> Option<&SqlComments> {
        self.comments.as_deref()
    }

    pub(crate) fn explained_by(mut self, explainer: Arc<dyn Explain>) -> Self {
        self.explainer = Some(explainer);
        self
    }

    pub(crate) fn explainer(&self) -> Option<&Arc<dyn Explain>> {
        self.explainer.as_ref()
    }

    /// The same with what was found out to be captured.
    pub(crate) fn capturing(&self, capture: Arc<Capture>) -> Self {
        Self {
            capture: Some(capture),
            ..self.clone()
        }
    }

    pub(crate) fn current(&self) -> Arc<Capture> {
        self.capture.clone().unwrap_or_else(capture)
    }
}

const SHORTEST: Duration = Duration::from_millis(10);

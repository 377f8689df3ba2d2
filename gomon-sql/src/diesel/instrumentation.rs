//! Diesel's events, as they come from one connection.

use std::fmt;

use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent};
use diesel::{ConnectionError, result::Error};
use gomon_core::{EndGuard, EventTracker, Outcome, is_enabled, mask};

use super::text::{Text, Wanted};
use super::{failure, url, values};
use crate::call::Call;
use crate::config::SqlConfig;
use crate::hooked::{HookedConnection, Step, System};
use crate::keys::{self, fp};

/// As many queries may be under way on one connection; of more, the oldest are given up.
const MOST_QUERIES: usize = 64;

/// Monitors one connection of Diesel's.
///
/// ```
/// use diesel::Connection;
/// use gomon_sql::diesel::{GomonInstrumentation, System};
///
/// fn monitor(connection: &mut impl Connection) {
///     // It was established without gomon: of which kind it is has to be said.
///     connection.set_instrumentation(GomonInstrumentation::new().system(System::Sqlite));
/// }
/// ```
///
/// See [the module](super) for its events.
pub struct GomonInstrumentation {
    connection: HookedConnection,
    opening: Option<EndGuard>,
    /// Those under way: one, unless the connection pipelines or one has lost its end.
    queries: Vec<Call>,
    other: Option<Box<dyn Instrumentation>>,
}

impl GomonInstrumentation {
    /// For a connection that is about to be established: which kind of database it is of will be told from the URL.
    #[must_use]
    pub fn new() -> Self {
        Self {
            connection: HookedConnection::new(SqlConfig::new()),
            opening: None,
            queries: Vec::new(),
            other: None,
        }
    }

    /// The kind of database. Without it, a connection that was established before is told without `system` and without the text
    /// of its queries, as it is not known what is quoted in them. Default: told from the URL, as Diesel's own kinds of connections
    /// read it.
    #[must_use]
    pub fn system(mut self, system: System) -> Self {
        self.connection.set_engine(system.engine());
        self
    }

    /// What to take down. Default: as the process.
    #[must_use]
    pub fn config(mut self, config: SqlConfig) -> Self {
        self.connection.set_config(config);
        self
    }

    /// Hands each event on to another instrumentation, once it was looked at. To one: a later call takes the place of an earlier one,
    /// as Diesel's events cannot be copied. Default: none.
    #[must_use]
    pub fn and(mut self, other: impl Instrumentation) -> Self {
        self.other = Some(Box::new(other));
        self
    }

    fn look_at(&mut self, event: &InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.start_opening(url),
            InstrumentationEvent::FinishEstablishConnection { url, error, .. } => {
                self.finish_opening(url, *error);
            }
            InstrumentationEvent::StartQuery { query, .. } => self.start(*query),
            InstrumentationEvent::CacheQuery { sql, .. } => self.prepare(sql),
            InstrumentationEvent::FinishQuery { query, error, .. } => self.finish(*query, *error),
            // `BEGIN` and its like come as queries too. Nothing else is under way now: what seems to be has lost its end.
            InstrumentationEvent::BeginTransaction { .. }
            | InstrumentationEvent::CommitTransaction { .. }
            | InstrumentationEvent::RollbackTransaction { .. } => self.queries.clear(),
            _ => {}
        }
    }

    fn start_opening(&mut self, url: &str) {
        let engine = url::system(url).engine();
        self.connection.set_engine(engine);
        let mut tracker = EventTracker::new(fp::DRIVER_OPEN);
        if tracker.is_recording() {
            tracker
                .set(keys::DRIVER, engine.system)
                .set(keys::DSN, mask::dsn(url));
        }
        self.opening = Some(EndGuard::new(tracker));
    }

    fn finish_opening(&mut self, url: &str, error: Option<&ConnectionError>) {
        let Some(mut opening) = self.opening.take() else {
            return;
        };
        if let Some(error) = error {
            let failure = failure::of_connection(error, url);
            failure.tell(opening.tracker(), &self.connection.capture());
        } else {
            self.connection.opened();
        }
        opening.finish(Outcome::Completed);
    }

    fn start(&mut self, query: &dyn DebugQuery) {
        if !is_enabled() && !self.connection.is_in_transaction() {
            return;
        }
        let capture = self.connection.capture();
        let wanted = match capture.bound_values() {
            true => Wanted::SqlAndBinds,
            false => Wanted::Sql,
        };
        let Text { sql, binds } = Text::of(query, wanted);
        if let Some(step) = Step::of(&sql) {
            return self.connection.start_step(step, &sql);
        }
        if !is_enabled() {
            return;
        }
        self.connection.count();
        let values = binds.map(|binds| values::bound(&binds, &capture));
        if self.queries.len() >= MOST_QUERIES {
            self.queries.remove(0);
        }
        let call = self.connection.call(None, sql, values).without_rows();
        self.queries.push(call);
    }

    fn prepare(&mut self, sql: &str) {
        if is_enabled() {
            let mut call = self
                .connection
                .call(Some(fp::PREPARE), sql.to_owned(), None);
            call.complete();
        }
    }

    fn finish(&mut self, query: &dyn DebugQuery, error: Option<&Error>) {
        let failure = error.map(failure::of_query);
        if self.connection.is_stepping() {
            return self.connection.finish_step(failure.as_ref());
        }
        if let Some(call) = self.take(query) {
            self.connection.finish(call, failure.as_ref());
        }
    }

    /// The query that ended. A connection answers in order: what was sent before it and is still here has lost its end.
    fn take(&mut self, query: &dyn DebugQuery) -> Option<Call> {
        let mut at = self.queries.len().checked_sub(1)?;
        if at > 0 {
            let sql = Text::of(query, Wanted::Sql).sql;
            let same = self.queries.iter().rposition(|call| call.sql() == sql);
            at = same.unwrap_or(at);
        }
        let call = self.queries.remove(at);
        self.queries.drain(..at);
        Some(call)
    }
}

impl Default for GomonInstrumentation {
    fn default() -> Self {
        Self::new()
    }
}

impl Instrumentation for GomonInstrumentation {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        self.look_at(&event);
        if let Some(other) = &mut self.other {
            other.on_connection_event(event);
        }
    }
}

impl Drop for GomonInstrumentation {
    fn drop(&mut self) {
        // Before the transaction they are in.
        self.queries.clear();
    }
}

impl fmt::Debug for GomonInstrumentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GomonInstrumentation")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

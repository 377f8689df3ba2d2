//! One statement, from the call to the end of its result.
//!
//! When does its event start and end?
//! - It starts at the first poll: a future or stream that is never polled was never sent, and makes no event.
//! - It ends with the result: `completed`, `failed`, or `timed-out`.
//! - A future dropped before it is ready: `cancelled`.
//! - A stream dropped before its end: `truncated`.

mod judge;
mod on_connection;

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use gomon_core::mask::REDACTED;
use gomon_core::{Capture, EventTracker, Outcome, Tree, is_enabled};
use sqlx_core::database::Database;
use sqlx_core::error::Error;
use sqlx_core::sql_str::SqlStr;

use crate::config::SqlConfig;
use crate::described;
use crate::engine::Engine;
use crate::explain::Arguments;
use crate::failure::{self, Failure};
use crate::keys::{self, fp};
use crate::parent::Parent;
use crate::rows::{Cell, Rows};
use crate::site::{self, Caller, Site};
use crate::statement::{Statement, hash_of, read_cached};

pub(crate) use on_connection::OnConnection;

/// Who hears of a statement's error, beside its own event.
pub(crate) trait Watch: Send + Sync + std::fmt::Debug {
    /// The statement began.
    fn started(&self);
    /// It is prepared, and not run.
    fn preparing(&self);
    /// The statement, which was no mere preparation, ended well.
    fn completed(&self, sql: &str, writes: bool);
    /// The statement failed.
    fn failed(&self, error: &Error);
    /// Nobody wants its result any more.
    fn given_up(&self);
    /// It is over, whatever came of it.
    fn stopped(&self);
}

/// What is known of a statement when it is called.
#[derive(Debug)]
pub(crate) struct Request {
    /// `None`: told from the statement.
    pub(crate) fp: Option<&'static str>,
    pub(crate) sql: SqlStr,
    /// It has, or asks for, a prepared statement, where that is known.
    pub(crate) prepared: Option<bool>,
    /// How many values are bound, where sqlx tells.
    pub(crate) bound: Option<usize>,
    /// The values themselves, where they may be taken.
    pub(crate) values: Option<Tree>,
    /// A number that stands for the values, where they can be seen.
    pub(crate) values_hash: Option<u64>,
    /// A copy of them, where the statement may have to be explained.
    pub(crate) copy: Option<Arguments>,
}

impl Request {
    /// A number that stands for its text and its values. `None` where the values are not known.
    fn identity(&self, statement: &Statement) -> Option<u64> {
        let none_bound = match self.bound {
            Some(count) => count == 0,
            None => self.prepared == Some(false) || statement.has_no_parameters(),
        };
        let values = if none_bound { 0 } else { self.values_hash? };
        Some(hash_of(self.sql.as_str()) ^ values.rotate_left(1))
    }
}

/// Where a statement runs.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) engine: &'static Engine,
    pub(crate) config: SqlConfig,
    pub(crate) parent: Parent,
    pub(crate) caller: Option<&'static Location<'static>>,
    pub(crate) watch: Option<Arc<dyn Watch>>,
    pub(crate) connection: OnConnection,
    /// How many nanoseconds it waited for its connection.
    pub(crate) waited: Option<Arc<AtomicU64>>,
}

/// The event of one statement.
#[derive(Debug)]
pub(crate) struct Call {
    place: Place,
    request: Request,
    capture: Arc<Capture>,
    /// Once the event began.
    site: Option<Arc<Site>>,
    on_drop: Outcome,
    /// Dropped before its first row, it was cancelled all the same.
    until_row: bool,
    state: State,
    /// It ended in a poll, and was not dropped.
    polled: bool,
    /// Once the event began.
    statement: Option<Arc<Statement>>,
    returned: u64,
    /// Nobody tells of its rows.
    rows_unseen: bool,
    /// When the consumer of a stream got its last item, if it has not asked for the next yet.
    answered: Option<Duration>,
    /// How long the statement waited for it so far.
    consumer: Duration,
    /// The statement of the text that runs now has given rows.
    yielded: bool,
    affected: Option<u64>,
    last_id: Option<i64>,
    rows: Option<Rows>,
}

#[derive(Debug)]
enum State {
    Unpolled,
    Open(EventTracker),
    Ended,
}

impl Call {
    /// A call answered by a future: dropped before it is ready, it was cancelled.
    pub(crate) fn future(place: Place, request: Request) -> Self {
        Self::new(place, request, Outcome::Cancelled)
    }

    /// A call answered by a stream: dropped before its end, it was truncated.
    pub(crate) fn stream(place: Place, request: Request) -> Self {
        Self::new(place, request, Outcome::Truncated)
    }

    /// A call answered by a stream, of which nobody says whether a future waits for it: dropped before its first row, it was
    /// cancelled.
    #[cfg(feature = "any")]
    pub(crate) fn either(place: Place, request: Request) -> Self {
        let mut call = Self::stream(place, request);
        call.until_row = true;
        call
    }

    fn new(place: Place, request: Request, on_drop: Outcome) -> Self {
        let capture = place.config.current();
        Self {
            place,
            request,
            capture,
            site: None,
            on_drop,
            until_row: false,
            state: State::Unpolled,
            polled: false,
            statement: None,
            returned: 0,
            rows_unseen: false,
            answered: None,
            consumer: Duration::ZERO,
            yielded: false,
            affected: None,
            last_id: None,
            rows: None,
        }
    }

    /// The same where rows come unseen, so that there is no number of them to tell.
    #[must_use]
    pub(crate) fn without_rows(mut self) -> Self {
        self.rows_unseen = true;
        self
    }

    /// To be called at each poll; the first one starts the event.
    pub(crate) fn start(&mut self) {
        if !matches!(self.state, State::Unpolled) {
            return;
        }
        let statement =
            is_enabled().then(|| read_cached(&self.request.sql, self.place.engine.dialect));
        let returns_rows = statement
            .as_ref()
            .is_some_and(|statement| statement.returns_rows);
        let fp = *self
            .request
            .fp
            .get_or_insert(if returns_rows { fp::QUERY } else { fp::EXECUTE });
        let mut tracker = self.place.parent.open(fp);
        if let Some(watch) = &self.place.watch {
            match fp {
                fp::PREPARE => watch.preparing(),
                _ => watch.started(),
            }
        }
        self.capture = tracker.capture(&self.capture);
        if let Some(statement) = statement.filter(|_| tracker.is_recording()) {
            self.describe(&mut tracker, &statement);
            self.statement = Some(statement);
        }
        self.state = State::Open(tracker);
    }

    fn describe(&mut self, tracker: &mut EventTracker, statement: &Statement) {
        let sql = self.request.sql.as_str();
        self.place.engine.tell(tracker);
        described::describe(tracker, &self.capture, sql, statement);
        let values = self.request.values.take();
        if let Some(values) = values.filter(|_| self.capture.bound_values()) {
            tracker.set(keys::PARAMS, shown(values, statement, &self.capture));
        } else if let Some(count) = self.request.bound.filter(|count| *count > 0) {
            tracker.set(keys::PARAMS_COUNT, count as u64);
        }
        if let Some(prepared) = self.request.prepared {
            tracker.set(keys::PREPARED, prepared);
        }
        let walks = self.place.config.settings().finds_callers;
        let is_prepare = self.request.fp == Some(fp::PREPARE);
        let caller = self.place.caller;
        self.site = site::find(self.place.engine, statement, is_prepare, caller, walks);
        if let Some(caller) = self.caller() {
            caller.tell(tracker);
        }
        self.place.connection.tell(tracker);
    }

    /// The line that said it itself.
    pub(crate) fn location(&self) -> Option<&'static Location<'static>> {
        self.place.caller
    }

    /// The line that called, as far as it is known.
    fn caller(&self) -> Option<Caller> {
        let exact = self.place.caller.map(Caller::Exact);
        exact.or_else(|| self.site.as_ref()?.caller())
    }

    /// A row came, of which nothing is known.
    pub(crate) fn count_row(&mut self) {
        let State::Open(tracker) = &mut self.state else {
            return;
        };
        self.returned += 1;
        if self.returned == 1 && tracker.is_recording() {
            let elapsed = tracker.elapsed();
            tracker.set(keys::FIRST_ROW, elapsed);
        }
    }

    /// A row came.
    pub(crate) fn row<DB: Database>(
        &mut self,
        row: &DB::Row,
        cell: impl Fn(&DB::Row, usize, &Capture) -> Cell,
    ) {
        self.count_row();
        let State::Open(tracker) = &mut self.state else {
            return;
        };
        let first_of_statement = !std::mem::replace(&mut self.yielded, true);
        if !tracker.is_recording() {
            return;
        }
        if self.capture.rows() > 0 && self.request.fp == Some(fp::QUERY) {
            // Another statement of the text has columns of its own, and other ones to hide.
            if first_of_statement && let Some(before) = self.rows.take() {
                before.finish(Outcome::Completed);
            }
            let rows = self
                .rows
                .get_or_insert_with(|| Rows::open::<DB>(tracker, &self.capture, row));
            rows.push::<DB>(&self.capture, row, cell);
        }
    }

    /// The consumer of a stream has an item: until it asks for the next, the time is its own.
    pub(crate) fn answered(&mut self) {
        if let State::Open(tracker) = &self.state {
            self.answered = tracker.is_recording().then(|| tracker.elapsed());
        }
    }

    /// It asks for the next.
    pub(crate) fn asked(&mut self) {
        if let (Some(answered), State::Open(tracker)) = (self.answered.take(), &self.state) {
            self.consumer += tracker.elapsed().saturating_sub(answered);
        }
    }

    /// One statement of the text is done.
    pub(crate) fn result(&mut self, affected: u64, last_id: Option<i64>) {
        let returning = |statement: &Arc<Statement>| statement.returning;
        let returning = self.statement.as_ref().is_some_and(returning);
        let read = std::mem::take(&mut self.yielded) && !returning;
        if read {
            // What engines count for a query is its rows, or a number left over from another statement.
            return;
        }
        self.affected = Some(self.affected.unwrap_or(0) + affected);
        self.last_id = last_id.or(self.last_id);
    }

    /// It ended well, if it has not ended: a stream ends once more after its error.
    pub(crate) fn complete(&mut self) {
        if !matches!(self.state, State::Open(_)) {
            return;
        }
        self.polled = true;
        // A preparation may be answered from sqlx's cache, without the server.
        if let Some(watch) = &self.place.watch
            && self.request.fp != Some(fp::PREPARE)
        {
            let writes = |statement: &Arc<Statement>| statement.writes;
            let writes = self.statement.as_ref().is_some_and(writes);
            watch.completed(self.request.sql.as_str(), writes);
        }
        self.end(Outcome::Completed);
    }

    /// It ended with an error.
    pub(crate) fn fail(&mut self, error: &Error) {
        if let Some(watch) = &self.place.watch {
            watch.failed(error);
        }
        if let State::Open(tracker) = &mut self.state {
            failure::record(
                tracker,
                self.place.engine,
                &self.capture,
                self.place.caller,
                error,
            );
        }
        self.end(Outcome::Failed);
    }

    /// It ended with an error that is not sqlx's, if more than that is known.
    pub(crate) fn fail_told(&mut self, failure: Option<&Failure<'_>>) {
        if let Some(watch) = &self.place.watch {
            watch.given_up();
        }
        if let (State::Open(tracker), Some(failure)) = (&mut self.state, failure) {
            failure.tell(tracker, &self.capture);
        }
        self.end(Outcome::Failed);
    }

    /// It began so long ago: to be called when it has been started just now.
    pub(crate) fn backdate(&mut self, by: Duration) {
        if let State::Open(tracker) = &mut self.state {
            tracker.backdate(by);
        }
    }

    pub(crate) fn sql(&self) -> &str {
        self.request.sql.as_str()
    }

    fn end(&mut self, outcome: Outcome) {
        self.asked();
        let State::Open(mut tracker) = std::mem::replace(&mut self.state, State::Ended) else {
            return;
        };
        if let Some(watch) = &self.place.watch {
            watch.stopped();
        }
        tracker.mark(outcome);
        if let Some(rows) = self.rows.take() {
            rows.finish(tracker.outcome());
        }
        if matches!(self.place.connection, OnConnection::ToCome(_)) {
            self.place.connection.tell(&mut tracker);
        }
        if !self.consumer.is_zero() {
            tracker.set(keys::CONSUMER_TIME, self.consumer);
        }
        if self.request.fp == Some(fp::QUERY) && !self.rows_unseen {
            tracker.set(keys::ROWS_RETURNED, self.returned);
        }
        // What the engines report for a statement that changes nothing is left over from another one.
        if let Some(statement) = self.statement.take() {
            if statement.writes
                && let Some(affected) = self.affected
            {
                tracker.set(keys::ROWS_AFFECTED, affected);
            }
            if let Some(id) = self.last_id.filter(|_| statement.inserts) {
                tracker.set(keys::LAST_ID, id);
            }
            self.judge(&mut tracker, statement);
        }
        tracker.finish();
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let on_drop = match self.until_row && self.returned == 0 {
            true => Outcome::Cancelled,
            false => self.on_drop,
        };
        let writes = self.statement.as_ref().is_some_and(|it| it.writes);
        if let (State::Open(_), Some(watch)) = (&self.state, &self.place.watch)
            && (on_drop == Outcome::Cancelled || writes)
        {
            watch.given_up();
        }
        self.end(on_drop.when_dropped());
    }
}

/// The bound values, without those for columns with a secret's name.
fn shown(values: Tree, statement: &Statement, capture: &Capture) -> Tree {
    let Tree::List(values) = values else {
        return values;
    };
    let hidden = statement.bound_to.hidden(|name| capture.mask().hides(name));
    let beyond = std::iter::repeat(hidden.beyond);
    let hidden = hidden.places.into_iter().chain(beyond);
    let shown = values
        .into_iter()
        .zip(hidden)
        .map(|(value, hidden)| match hidden {
            true => Tree::from(REDACTED),
            false => value,
        });
    Tree::List(shown.collect())
}

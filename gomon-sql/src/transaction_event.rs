//! The events of a transaction, for both ways in.

use std::panic::Location;

use gomon_core::{Capture, Context, EndGuard, ErrorInfo, Outcome};
use sqlx_core::error::Error;
use sqlx_core::sql_str::SqlStr;

use crate::config::SqlConfig;
use crate::engine::Engine;
use crate::failure::{self, Failure};
use crate::keys::{self, fp};
use crate::parent::Parent;
use crate::site::Caller;
use crate::statement::{is_read_only, isolation};
use crate::transaction_books::Books;

/// A `conn-begintx` event. Dropped before [`begun`](Self::begun), or inside a [`step`](Self::step), it was cancelled.
#[derive(Debug)]
pub(crate) struct TransactionEvent {
    engine: &'static Engine,
    config: SqlConfig,
    books: Books,
    /// It has its error.
    failed: bool,
    event: EndGuard,
}

impl TransactionEvent {
    pub(crate) fn open(
        parent: Parent,
        engine: &'static Engine,
        config: SqlConfig,
        statement: Option<&str>,
        caller: Option<&'static Location<'static>>,
    ) -> Self {
        let mut tracker = parent.open(fp::TRANSACTION);
        if tracker.is_recording() {
            engine.tell(&mut tracker);
            match caller.map(Caller::Exact) {
                Some(caller) => {
                    caller.tell(&mut tracker);
                    tracker.register(caller.to_string());
                }
                None => tracker.register("transaction"),
            }
            if let Some(statement) = statement {
                if let Some(level) = isolation(statement) {
                    tracker.set(keys::ISOLATION, level);
                }
                if is_read_only(statement) {
                    tracker.set(keys::READ_ONLY, true);
                }
            }
        }
        Self {
            engine,
            config,
            books: Books::new(engine, tracker.stopwatch()),
            failed: false,
            event: EndGuard::new(tracker),
        }
    }

    /// `BEGIN` went well.
    pub(crate) fn begun(&mut self) {
        self.books.stopped();
        self.event.on_drop(Outcome::Completed);
    }

    /// Its books, for its statements.
    pub(crate) fn books(&self) -> &Books {
        &self.books
    }

    /// Tells on which physical connection it is.
    pub(crate) fn on_connection(&mut self, connection: Context) {
        if let Some(id) = connection.event_id() {
            self.event.tracker().set(keys::CONN, id);
        }
    }

    /// A statement lost its connection.
    pub(crate) fn is_lost(&self) -> bool {
        self.books.are_lost()
    }

    pub(crate) fn context(&self) -> Context {
        self.event.tracker_ref().context()
    }

    /// Opens the event of `COMMIT` or `ROLLBACK`. Until it is answered, being dropped means being cancelled.
    pub(crate) fn step(&mut self, fp: &'static str) -> EndGuard {
        self.event.on_drop(Outcome::Cancelled);
        self.books.step();
        EndGuard::new(self.event.tracker_ref().child(fp))
    }

    /// The step was answered.
    pub(crate) fn answered(&mut self) {
        self.books.stopped();
        self.event.on_drop(Outcome::Completed);
    }

    pub(crate) fn fail(
        &mut self,
        capture: &Capture,
        caller: Option<&'static Location<'static>>,
        error: &Error,
    ) {
        self.books.failed(error);
        self.failed = true;
        failure::record(self.event.tracker(), self.engine, capture, caller, error);
    }

    /// The same of an error that is not sqlx's.
    pub(crate) fn fail_told(&mut self, capture: &Capture, failure: &Failure<'_>) {
        failure.tell(self.event.tracker(), capture);
    }

    /// `COMMIT` was answered with "fine", and nothing was committed.
    pub(crate) fn abort(&mut self, commit: &mut EndGuard, why: &'static str) {
        abort(commit, why);
        abort(&mut self.event, why);
    }

    /// It was dropped: the rollback runs with the connection's next use, if there is one.
    pub(crate) fn rolled_back_implicitly(&mut self) {
        if self.books.are_lost() {
            if !self.failed {
                let info = ErrorInfo::message(LOST).kind("ConnectionLost");
                self.event.tracker().push_error(info).mark(Outcome::Failed);
            }
            return;
        }
        let timed_out = Outcome::Cancelled.when_dropped() == Outcome::TimedOut;
        if timed_out {
            self.event.tracker().mark(Outcome::TimedOut);
        }
        // What a panic leaves, or who is out of time, was not forgotten.
        let excused = timed_out || std::thread::panicking();
        if let Some(writes) = self.books.uncommitted().filter(|_| !excused) {
            self.event.tracker().set(keys::UNCOMMITTED, writes);
        }
        self.event
            .tracker_ref()
            .child(fp::ROLLBACK)
            .set(keys::IMPLICIT, true);
    }
}

impl Drop for TransactionEvent {
    fn drop(&mut self) {
        let tracker = self.event.tracker();
        if tracker.is_recording() {
            self.books.tell(tracker, self.config.settings());
        }
    }
}

/// After this answer to `BEGIN` it is known whether the server has a transaction open. Of a text of several statements
/// the first may have begun one before another failed.
pub(crate) fn is_settled<T>(result: &Result<T, Error>, statement: Option<&SqlStr>) -> bool {
    match result {
        Ok(_) => true,
        Err(Error::Database(_) | Error::BeginFailed) => {
            statement.is_none_or(|statement| !statement.as_str().contains(';'))
        }
        Err(_) => false,
    }
}

/// The end of one level was answered with "fine", and nothing came of it.
pub(crate) fn abort(event: &mut EndGuard, why: &'static str) {
    let info = ErrorInfo::message(why).kind("Aborted");
    event
        .tracker()
        .set(keys::ABORTED, true)
        .push_error(info)
        .mark(Outcome::Failed);
}

/// The event of one statement about a savepoint.
pub(crate) fn savepoint(
    parent: Parent,
    engine: &'static Engine,
    summary: &'static str,
) -> EndGuard {
    let mut tracker = parent.open(fp::SAVEPOINT);
    engine.tell(&mut tracker);
    tracker.set(keys::SUMMARY, summary);
    EndGuard::new(tracker)
}

/// A savepoint was dropped: the rollback to it runs with the connection's next use.
pub(crate) fn savepoint_rolled_back_implicitly(parent: Parent, engine: &'static Engine) {
    let mut event = savepoint(parent, engine, ROLLBACK_TO);
    event.tracker().set(keys::IMPLICIT, true);
    event.finish(Outcome::Completed);
}

const LOST: &str = "a statement lost the connection: the server rolls back by itself";
pub(crate) const FAILED_BEFORE: &str = "commit after a failed statement: the server rolled back";
pub(crate) const COMMITTED_BEFORE: &str = "rollback of a transaction that was over: sqlx had it committed with a savepoint, inside of which one was not made";
pub(crate) const OVER_BEFORE: &str = "commit of a transaction that was over: sqlx had it rolled back when a savepoint failed or was dropped";

pub(crate) const SAVEPOINT: &str = "SAVEPOINT";
pub(crate) const RELEASE: &str = "RELEASE SAVEPOINT";
pub(crate) const ROLLBACK_TO: &str = "ROLLBACK TO SAVEPOINT";

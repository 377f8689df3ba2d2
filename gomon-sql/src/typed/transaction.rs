//! Monitored transactions and savepoints.
//!
//! When do their events start and end?
//! - `conn-begintx` starts when `BEGIN` is sent (after the wait for the pool) and ends after `COMMIT` or `ROLLBACK`, or
//!   when the transaction is dropped. `failed` if `BEGIN` or `COMMIT` failed, or if `COMMIT` was really a rollback;
//!   `cancelled` if the future of `begin`, `commit` or `rollback` was dropped half-way; else `completed`, an implicit
//!   rollback included.
//! - `sql-wtx-commit` and `sql-wtx-rollback` are those statements. A drop sends `sql-wtx-rollback` with `implicit`: the
//!   statement itself runs with the connection's next use.
//! - `sql-savepoint` is each statement of a transaction inside a transaction: `SAVEPOINT`, `RELEASE SAVEPOINT`,
//!   `ROLLBACK TO SAVEPOINT`. Its statements are children of the transaction.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use gomon_core::{EndGuard, ErrorInfo, Outcome};
use sqlx_core::error::Error;
use sqlx_core::sql_str::{SqlSafeStr, SqlStr};
use sqlx_core::transaction::TransactionManager;

use super::connection::MonitoredConnection;
use super::db::MonitoredDb;
use super::fate::{Fate, FateAt};
use super::link::Link;
use crate::config::SqlConfig;
use crate::failure;
use crate::keys::{self, fp};
use crate::parent::Parent;
use crate::statement::{is_read_only, isolation};

/// A transaction, or a savepoint inside one; rolled back when it is dropped without [`commit`](Self::commit).
///
/// `&mut *tx` is an executor whose events carry the caller's file and line; `&mut tx` is one without.
pub struct MonitoredTransaction<'c, DB: MonitoredDb> {
    connection: MonitoredConnection<'c, DB>,
    open: bool,
    level: Level,
}

/// What ends with the wrapper.
enum Level {
    /// The transaction's own event.
    Transaction(EndGuard),
    /// Nothing: the statements of a savepoint have an event each.
    Savepoint { parent: Parent },
}

/// A transaction that is about to begin.
pub(super) struct Begin {
    pub(super) config: SqlConfig,
    pub(super) parent: Parent,
    pub(super) statement: Option<SqlStr>,
    pub(super) caller: &'static Location<'static>,
    /// The transaction it is inside of.
    pub(super) inside: Option<Arc<FateAt>>,
}

impl Begin {
    pub(super) async fn run<DB: MonitoredDb>(
        self,
        link: Link<'_, DB>,
    ) -> Result<MonitoredTransaction<'_, DB>, Error> {
        let depth = depth::<DB>(&link);
        let mut event = if depth == 0 {
            self.transaction::<DB>()
        } else {
            savepoint::<DB>(self.parent, "SAVEPOINT")
        };
        let mut opening = Opening {
            link: Some(link),
            depth,
        };
        let result = opening.begin(self.statement.clone()).await;
        let Self {
            config,
            parent,
            inside,
            caller,
            ..
        } = self;
        let link = match (result, opening.disarm()) {
            (Ok(()), Some(link)) => link,
            (Err(error), _) => {
                failure::record(
                    event.tracker(),
                    DB::ENGINE,
                    &config.current(),
                    Some(caller),
                    &error,
                );
                event.finish(Outcome::Failed);
                return Err(error);
            }
            // The link is taken once, above.
            (Ok(()), None) => return Err(Error::BeginFailed),
        };
        let (home, level) = if depth == 0 {
            event.on_drop(Outcome::Completed);
            (
                Some(event.tracker_ref().context()),
                Level::Transaction(event),
            )
        } else {
            event.finish(Outcome::Completed);
            let home = match parent {
                Parent::Event(context) => Some(context),
                Parent::Call(_) => None,
            };
            (home, Level::Savepoint { parent })
        };
        let fate = match inside {
            _ if !DB::ENGINE.error_dooms_transaction => None,
            Some(outer) => Some(Arc::clone(&outer.fate)),
            None => (depth == 0).then(|| Arc::new(Fate::default())),
        };
        let fate = fate.map(|fate| {
            Arc::new(FateAt {
                fate,
                depth: depth + 1,
            })
        });
        Ok(MonitoredTransaction {
            connection: MonitoredConnection::inside(link, config, home, fate),
            open: true,
            level,
        })
    }

    fn transaction<DB: MonitoredDb>(&self) -> EndGuard {
        let mut tracker = self.parent.open(fp::TRANSACTION);
        if tracker.is_recording() {
            tracker.set(keys::SYSTEM, DB::ENGINE.system);
            tracker.register(format!("{}:{}", self.caller.file(), self.caller.line()));
            if let Some(statement) = &self.statement {
                if let Some(level) = isolation(statement.as_str()) {
                    tracker.set(keys::ISOLATION, level);
                }
                if is_read_only(statement.as_str()) {
                    tracker.set(keys::READ_ONLY, true);
                }
            }
        }
        EndGuard::new(tracker)
    }
}

/// Closes the connection if the future of `BEGIN` is dropped, or fails, before the transaction is known to be open: the
/// server may have begun one that sqlx does not know of, and will not roll back.
struct Opening<'c, DB: MonitoredDb> {
    link: Option<Link<'c, DB>>,
    depth: usize,
}

impl<'c, DB: MonitoredDb> Opening<'c, DB> {
    async fn begin(&mut self, statement: Option<SqlStr>) -> Result<(), Error> {
        let Some(link) = &mut self.link else {
            return Err(Error::BeginFailed);
        };
        let result = DB::TransactionManager::begin(link, statement).await;
        if result.is_err() && self.depth == 0 && DB::ENGINE.dropped_begin_leaks {
            link.close_on_drop();
        }
        result
    }

    fn disarm(mut self) -> Option<Link<'c, DB>> {
        self.link.take()
    }
}

impl<DB: MonitoredDb> Drop for Opening<'_, DB> {
    fn drop(&mut self) {
        if let Some(link) = &mut self.link
            && DB::ENGINE.dropped_begin_leaks
        {
            link.close_on_drop();
        }
    }
}

impl<'c, DB: MonitoredDb> MonitoredTransaction<'c, DB> {
    /// Commits, or releases the savepoint.
    ///
    /// On PostgreSQL a commit after a failed statement is a rollback that says it went well; the result is passed on
    /// as it is, but the events say `failed` and `aborted`.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    pub async fn commit(mut self) -> Result<(), Error> {
        let mut step = self.step(fp::COMMIT, "RELEASE SAVEPOINT");
        let result = DB::TransactionManager::commit(&mut self.connection.link).await;
        self.open = result.is_err();
        if let Err(error) = &result {
            self.record(&mut step, error);
        } else if self.is_doomed() {
            let aborted = || {
                ErrorInfo::message("commit after a failed statement: the server rolled back")
                    .kind("Aborted")
            };
            step.tracker()
                .set(keys::ABORTED, true)
                .push_error(aborted())
                .mark(Outcome::Failed);
            if let Level::Transaction(event) = &mut self.level {
                event
                    .tracker()
                    .set(keys::ABORTED, true)
                    .push_error(aborted())
                    .mark(Outcome::Failed);
            }
        }
        self.ended(step);
        result
    }

    /// Rolls back, to the savepoint if it is one.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    pub async fn rollback(mut self) -> Result<(), Error> {
        let mut step = self.step(fp::ROLLBACK, "ROLLBACK TO SAVEPOINT");
        let result = DB::TransactionManager::rollback(&mut self.connection.link).await;
        self.open = result.is_err();
        match &result {
            Ok(()) => self.undone(),
            Err(error) => self.record(&mut step, error),
        }
        self.ended(step);
        result
    }

    /// Makes a savepoint.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    #[track_caller]
    pub fn begin(
        &mut self,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send + use<'_, 'c, DB>
    {
        self.connection.begin_statement(None, Location::caller())
    }

    /// Always an error, as for sqlx's own transactions: a savepoint takes no statement of one's own.
    ///
    /// # Errors
    /// `InvalidSavePointStatement`.
    #[track_caller]
    pub fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> impl Future<Output = Result<MonitoredTransaction<'_, DB>, Error>> + Send {
        self.connection
            .begin_statement(Some(statement.into_sql_str()), Location::caller())
    }

    /// Opens the event of a closing statement. Until it is answered, being dropped means being cancelled.
    fn step(&mut self, of_transaction: &'static str, of_savepoint: &'static str) -> EndGuard {
        match &mut self.level {
            Level::Transaction(event) => {
                event.on_drop(Outcome::Cancelled);
                EndGuard::new(event.tracker_ref().child(of_transaction))
            }
            Level::Savepoint { parent } => savepoint::<DB>(*parent, of_savepoint),
        }
    }

    fn ended(&mut self, step: EndGuard) {
        step.finish(Outcome::Completed);
        if let Level::Transaction(event) = &mut self.level {
            event.on_drop(Outcome::Completed);
        }
    }

    fn record(&mut self, step: &mut EndGuard, error: &Error) {
        let capture = self.connection.config.current();
        failure::record(step.tracker(), DB::ENGINE, &capture, None, error);
        if let Level::Transaction(event) = &mut self.level {
            failure::record(event.tracker(), DB::ENGINE, &capture, None, error);
        }
    }

    fn is_doomed(&self) -> bool {
        let outer = matches!(self.level, Level::Transaction(_));
        outer
            && self
                .connection
                .fate
                .as_ref()
                .is_some_and(|at| at.fate.is_doomed())
    }

    fn undone(&self) {
        if let Some(at) = &self.connection.fate {
            at.fate.undo(at.depth);
        }
    }

    /// The connection for a statement whose caller is not known.
    pub(super) fn unplaced(&mut self) -> &mut MonitoredConnection<'c, DB> {
        self.connection.unplaced()
    }
}

impl<DB: MonitoredDb> Drop for MonitoredTransaction<'_, DB> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        DB::TransactionManager::start_rollback(&mut self.connection.link);
        self.undone();
        let mut event = match &self.level {
            Level::Transaction(event) => EndGuard::new(event.tracker_ref().child(fp::ROLLBACK)),
            Level::Savepoint { parent } => savepoint::<DB>(*parent, "ROLLBACK TO SAVEPOINT"),
        };
        event.tracker().set(keys::IMPLICIT, true);
        event.finish(Outcome::Completed);
    }
}

/// The event of one statement about a savepoint.
fn savepoint<DB: MonitoredDb>(parent: Parent, summary: &'static str) -> EndGuard {
    let mut tracker = parent.open(fp::SAVEPOINT);
    tracker
        .set(keys::SYSTEM, DB::ENGINE.system)
        .set(keys::SUMMARY, summary);
    EndGuard::new(tracker)
}

fn depth<DB: MonitoredDb>(connection: &DB::Connection) -> usize {
    DB::TransactionManager::get_transaction_depth(connection)
}

impl<'c, DB: MonitoredDb> Deref for MonitoredTransaction<'c, DB> {
    type Target = MonitoredConnection<'c, DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: MonitoredDb> DerefMut for MonitoredTransaction<'_, DB> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.connection.caller = Some(Location::caller());
        &mut self.connection
    }
}

impl<DB: MonitoredDb> AsMut<DB::Connection> for MonitoredTransaction<'_, DB> {
    fn as_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection.link
    }
}

impl<DB: MonitoredDb> fmt::Debug for MonitoredTransaction<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredTransaction")
            .finish_non_exhaustive()
    }
}

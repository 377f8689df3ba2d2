//! Monitored transactions and savepoints.
//!
//! When do their events start and end?
//! - `conn-begintx` starts when `BEGIN` is sent (after the wait for the pool) and ends after `COMMIT` or `ROLLBACK`, or
//!   when the transaction is dropped. `failed` if `BEGIN` or `COMMIT` failed, or if `COMMIT` committed nothing;
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

use gomon_core::wait::Kind;
use gomon_core::{Context, EndGuard, Outcome};
use sqlx_core::error::Error;
use sqlx_core::sql_str::{SqlSafeStr, SqlStr};
use sqlx_core::transaction::TransactionManager;

use super::connection::MonitoredConnection;
use super::db::MonitoredDb;
use super::link::Link;
use crate::config::SqlConfig;
use crate::engine::Engine;
use crate::failure;
use crate::fate::{Fate, FateAt};
use crate::keys::fp;
use crate::parent::Parent;
use crate::reported;
use crate::transaction_event::{
    COMMITTED_BEFORE, FAILED_BEFORE, OVER_BEFORE, RELEASE, ROLLBACK_TO, SAVEPOINT,
    TransactionEvent, abort, is_settled, savepoint, savepoint_rolled_back_implicitly,
};
use crate::waiting;

/// A transaction, or a savepoint inside one; rolled back when it is dropped without [`commit`](Self::commit).
///
/// `&mut *tx` is an executor whose events carry the caller's file and line; `&mut tx` is one without.
pub struct MonitoredTransaction<'c, DB: MonitoredDb> {
    connection: MonitoredConnection<'c, DB>,
    open: bool,
    /// `COMMIT` or `ROLLBACK` was sent, and has an event of its own.
    ending: bool,
    level: Level,
}

/// What ends with the wrapper.
enum Level {
    /// The transaction's own event.
    Transaction(TransactionEvent),
    /// Nothing: the statements of a savepoint have an event each.
    Savepoint { parent: Parent },
}

/// A transaction that is about to begin.
pub(super) struct Begin {
    pub(super) config: SqlConfig,
    pub(super) parent: Parent,
    pub(super) statement: Option<SqlStr>,
    pub(super) caller: &'static Location<'static>,
    /// How many levels are open round it.
    pub(super) depth: usize,
    /// The transaction it is inside of.
    pub(super) inside: Option<Arc<FateAt>>,
}

impl Begin {
    pub(super) async fn run<DB: MonitoredDb>(
        self,
        link: Link<'_, DB>,
    ) -> Result<MonitoredTransaction<'_, DB>, Error> {
        let opening = Opening {
            link: Some(link),
            depth: self.depth,
            undone: 0,
            settled: false,
            inside: self.inside.clone(),
        };
        if self.depth == 0 {
            self.transaction(opening).await
        } else {
            self.savepoint(opening).await
        }
    }

    async fn transaction<'c, DB: MonitoredDb>(
        self,
        opening: Opening<'c, DB>,
    ) -> Result<MonitoredTransaction<'c, DB>, Error> {
        let (config, engine) = (self.config.clone(), opening.engine());
        let statement = self.statement.as_ref().map(SqlStr::as_str);
        let caller = Some(self.caller);
        let mut event = TransactionEvent::open(self.parent, engine, config, statement, caller);
        let link = match opening.begin(self.statement, self.caller).await {
            Ok(link) => link,
            Err(error) => {
                event.fail(&self.config.current(), Some(self.caller), &error);
                event.begun();
                return Err(error);
            }
        };
        event.begun();
        if let Some(connection) = DB::event_of(&link, None) {
            event.on_connection(connection);
        }
        let shared = Fate::default();
        shared.begun();
        let fate = FateAt {
            fate: Arc::new(shared),
            depth: 1,
            dooms: engine.error_dooms_transaction,
            books: event.books().clone(),
        };
        let (home, fate) = (Some(event.context()), Some(Arc::new(fate)));
        let connection = MonitoredConnection::inside(link, self.config, home, fate);
        Ok(MonitoredTransaction {
            connection,
            open: true,
            ending: false,
            level: Level::Transaction(event),
        })
    }

    async fn savepoint<'c, DB: MonitoredDb>(
        self,
        opening: Opening<'c, DB>,
    ) -> Result<MonitoredTransaction<'c, DB>, Error> {
        let engine = opening.engine();
        let mut event = savepoint(self.parent, engine, SAVEPOINT);
        let depth = opening.depth + 1;
        let link = match opening.begin(self.statement, self.caller).await {
            Ok(link) => link,
            Err(error) => {
                if let Some(outer) = &self.inside {
                    outer.books.failed(&error);
                }
                let capture = self.config.current();
                failure::record(event.tracker(), engine, &capture, Some(self.caller), &error);
                event.finish(Outcome::Failed);
                return Err(error);
            }
        };
        event.finish(Outcome::Completed);
        let fate = self.inside.map(|outer| {
            outer.fate.begun();
            Arc::new(outer.deeper(depth))
        });
        let connection = MonitoredConnection::inside(link, self.config, home(self.parent), fate);
        Ok(MonitoredTransaction {
            connection,
            open: true,
            ending: false,
            level: Level::Savepoint {
                parent: self.parent,
            },
        })
    }
}

fn home(parent: Parent) -> Option<Context> {
    match parent {
        Parent::Event(context) => Some(context),
        Parent::Call { .. } => None,
    }
}

/// What becomes of a `begin` whose future is dropped, or that fails.
///
/// As in plain sqlx the level round it is rolled back. Of a transaction, which has none round it, the connection is closed if it is
/// not known whether the transaction is open: the server may have begun one that sqlx does not know of, and will not roll back.
struct Opening<'c, DB: MonitoredDb> {
    link: Option<Link<'c, DB>>,
    depth: usize,
    /// How many levels are rolled back then.
    undone: usize,
    /// It is known whether the transaction is open.
    settled: bool,
    inside: Option<Arc<FateAt>>,
}

impl<'c, DB: MonitoredDb> Opening<'c, DB> {
    fn engine(&self) -> &'static Engine {
        let link = self.link.as_ref();
        link.map_or(DB::ENGINE, |link| DB::engine_of(link))
    }

    async fn begin(
        mut self,
        statement: Option<SqlStr>,
        caller: &'static Location<'static>,
    ) -> Result<Link<'c, DB>, Error> {
        let Some(link) = &mut self.link else {
            return Err(Error::BeginFailed);
        };
        let own = statement.clone();
        let engine = DB::engine_of(link);
        let by_driver = engine.undoes_failed_savepoint && statement.is_none();
        self.undone = 1 + usize::from(by_driver);
        let begin = DB::reported(|| DB::TransactionManager::begin(link, statement));
        let begin = reported::statement(engine, begin);
        let result = waiting::on(Kind::Sql, Some(caller), begin).await;
        self.settled = is_settled(&result, own.as_ref());
        match (result, self.link.take()) {
            (Ok(()), Some(link)) => Ok(link),
            (Err(error), link) => {
                self.link = link;
                Err(error)
            }
            // The link was there above.
            (Ok(()), None) => Err(Error::BeginFailed),
        }
    }
}

impl<DB: MonitoredDb> Drop for Opening<'_, DB> {
    fn drop(&mut self) {
        let Some(link) = &mut self.link else {
            return;
        };
        DB::reported(|| DB::TransactionManager::start_rollback(link));
        if self.depth == 0 && !self.settled && DB::engine_of(link).dropped_begin_leaks {
            link.close_on_drop();
        }
        if let Some(outer) = self.inside.as_ref().filter(|_| self.depth > 0) {
            outer.rolled_back(self.undone);
            outer.books.spoil();
        }
    }
}

impl<'c, DB: MonitoredDb> MonitoredTransaction<'c, DB> {
    /// Commits, or releases the savepoint.
    ///
    /// On PostgreSQL a commit after a failed statement is a rollback that says it went well; the result is passed on
    /// as it is, but the events say `failed` and `aborted`. So they do where sqlx itself had rolled back before, as it
    /// does when a savepoint fails or its future is dropped: statements after that were on their own.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    pub async fn commit(mut self) -> Result<(), Error> {
        let mut step = self.step(fp::COMMIT, RELEASE);
        let lost = self.lost();
        let (engine, link) = (self.engine(), &mut self.connection.link);
        let commit = DB::reported(|| DB::TransactionManager::commit(link));
        let commit = reported::statement(engine, commit);
        let result = waiting::on(Kind::Sql, None, commit).await;
        self.open = result.is_err();
        match (&result, lost, &mut self.level) {
            (Err(error), _, _) => self.record(&mut step, error),
            (Ok(()), Some(why), Level::Transaction(event)) => event.abort(&mut step, why),
            (Ok(()), Some(why), Level::Savepoint { .. }) => abort(&mut step, why),
            (Ok(()), None, _) => {}
        }
        if let Some(at) = self.connection.fate.as_ref().filter(|_| result.is_ok()) {
            at.committed();
        }
        self.answered(step);
        result
    }

    /// Rolls back, to the savepoint if it is one.
    ///
    /// # Errors
    /// sqlx's own error, unchanged.
    pub async fn rollback(mut self) -> Result<(), Error> {
        let mut step = self.step(fp::ROLLBACK, ROLLBACK_TO);
        let (engine, link) = (self.engine(), &mut self.connection.link);
        let rollback = DB::reported(|| DB::TransactionManager::rollback(link));
        let rollback = reported::statement(engine, rollback);
        let result = waiting::on(Kind::Sql, None, rollback).await;
        self.open = result.is_err();
        match (&result, self.kept()) {
            (Ok(()), Some(why)) => abort(&mut step, why),
            (Ok(()), None) => self.undone(),
            (Err(error), _) => self.record(&mut step, error),
        }
        self.answered(step);
        result
    }

    /// Makes a savepoint.
    ///
    /// One that fails, or whose future is dropped, rolls back what is round it, as in plain sqlx; what comes after runs on its own,
    /// and a later commit is told as `aborted`.
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

    /// Always an error, as for sqlx's own transactions, and rolls this one back: a savepoint takes no statement of one's own.
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

    /// Why a commit that goes well will have committed nothing.
    fn lost(&self) -> Option<&'static str> {
        let levels = DB::TransactionManager::get_transaction_depth(&self.connection.link);
        let Some(at) = &self.connection.fate else {
            return (levels == 0).then_some(OVER_BEFORE);
        };
        at.fate.are_at_most(levels);
        let is_over = at.fate.levels() < at.depth;
        match &self.level {
            Level::Savepoint { .. } if is_over => Some(OVER_BEFORE),
            Level::Transaction(_) if is_over && !at.fate.is_committed() => Some(OVER_BEFORE),
            Level::Transaction(_) if at.fate.is_doomed() => Some(FAILED_BEFORE),
            _ => None,
        }
    }

    /// Why a rollback that goes well rolls nothing back.
    fn kept(&self) -> Option<&'static str> {
        let at = self.connection.fate.as_ref()?;
        at.fate.is_committed().then_some(COMMITTED_BEFORE)
    }

    fn engine(&self) -> &'static Engine {
        DB::engine_of(&self.connection.link)
    }

    fn step(&mut self, of_transaction: &'static str, of_savepoint: &'static str) -> EndGuard {
        self.ending = true;
        let engine = self.engine();
        match &mut self.level {
            Level::Transaction(event) => event.step(of_transaction),
            Level::Savepoint { parent } => savepoint(*parent, engine, of_savepoint),
        }
    }

    fn answered(&mut self, step: EndGuard) {
        self.ending = false;
        step.finish(Outcome::Completed);
        if let Level::Transaction(event) = &mut self.level {
            event.answered();
        }
    }

    fn record(&mut self, step: &mut EndGuard, error: &Error) {
        let capture = self.connection.config.current();
        failure::record(step.tracker(), self.engine(), &capture, None, error);
        if let Some(at) = &self.connection.fate {
            at.books.failed(error);
        }
        if let Level::Transaction(event) = &mut self.level {
            event.fail(&capture, None, error);
        }
    }

    fn undone(&self) {
        if let Some(at) = &self.connection.fate {
            at.rolled_back(1);
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
        let (engine, link) = (self.engine(), &mut self.connection.link);
        let levels = DB::TransactionManager::get_transaction_depth(link);
        DB::reported(|| DB::TransactionManager::start_rollback(link));
        let nothing_is_sent = match self.connection.fate.as_deref() {
            Some(at) => at.fate.levels() == 0 || at.books.are_lost(),
            None => levels == 0,
        };
        let kept = self.kept().is_some();
        match &mut self.level {
            _ if self.ending || kept => {}
            // With what it had written.
            Level::Transaction(event) => event.rolled_back_implicitly(),
            Level::Savepoint { .. } if nothing_is_sent => {}
            Level::Savepoint { parent } => savepoint_rolled_back_implicitly(*parent, engine),
        }
        self.undone();
    }
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

//! A monitored connection inside `AnyConnection`.
//!
//! `Any` does not tell `execute` from `fetch`: which of the two fingerprints a statement has is told from its text.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use either::Either;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{TryFutureExt, TryStreamExt};
use gomon_core::wait::Kind;
use gomon_core::{EndGuard, Outcome};
use sqlx_core::any::{
    Any, AnyArguments, AnyConnectionBackend, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo,
};
use sqlx_core::arguments::Arguments;
use sqlx_core::connection::Connection;
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::migrate::Migrate;
use sqlx_core::sql_str::SqlStr;
use sqlx_core::transaction::Transaction;

use super::connection_event::{ConnectionEvent, Counts};
use super::database::Monitored;
use super::driver_config;
use super::driver_db::DriverDb;
use super::options::MonitoredOptions;
use super::{values, wrapped};
use crate::call::{Call, OnConnection, Place, Request, Watch};
use crate::config::SqlConfig;
use crate::failure;
use crate::keys::fp;
use crate::parent::Parent;
use crate::reported;
use crate::run::{self, Results};
use crate::transaction_books::Books;
use crate::transaction_event::{
    FAILED_BEFORE, OVER_BEFORE, RELEASE, ROLLBACK_TO, SAVEPOINT, TransactionEvent, is_settled,
    savepoint, savepoint_rolled_back_implicitly,
};
use crate::waiting;

/// A connection of `DB`, monitored.
pub(super) struct MonitoredBackend<DB: DriverDb> {
    inner: Box<DB::Connection>,
    config: SqlConfig,
    event: ConnectionEvent,
    transaction: Option<TransactionEvent>,
    /// `COMMIT` or `ROLLBACK` was sent and not answered.
    ending: bool,
    /// A savepoint was sent and not made: how many levels are rolled back by it.
    undone: usize,
    /// A `BEGIN` was sent and what came of it is not known: the server may have a transaction open that sqlx does not know of.
    unsure: bool,
}

impl<DB: DriverDb> MonitoredBackend<DB> {
    pub(super) fn new(inner: DB::Connection) -> Self {
        Self {
            inner: Box::new(inner),
            config: driver_config(),
            event: ConnectionEvent::open(DB::FACTS),
            transaction: None,
            ending: false,
            undone: 0,
            unsure: false,
        }
    }

    pub(super) fn inner(&mut self) -> &mut DB::Connection {
        &mut self.inner
    }

    /// Where a statement runs.
    pub(super) fn place(&self) -> Place {
        Place {
            engine: DB::FACTS,
            config: self.config.clone(),
            parent: self.parent(),
            caller: None,
            watch: Some(Arc::clone(self.event.counts()) as Arc<dyn Watch>),
            connection: OnConnection::Known(self.event.context()),
            waited: None,
        }
    }

    fn parent(&self) -> Parent {
        match &self.transaction {
            Some(transaction) => Parent::Event(transaction.context()),
            None => Parent::current_or(self.event.context()),
        }
    }

    fn counts(&self) -> &Counts {
        self.event.counts()
    }

    /// Counts a statement that a wrapper reports.
    fn counted(&self, begin: fn(&Counts)) -> Arc<Counts> {
        let counts = Arc::clone(self.event.counts());
        begin(&counts);
        counts
    }

    fn depth(&self) -> usize {
        self.counts().depth.load(Relaxed)
    }

    fn set_depth(&self, depth: usize) {
        self.counts().depth.store(depth, Relaxed);
    }

    fn request(
        &self,
        fp: Option<&'static str>,
        sql: &SqlStr,
        arguments: Option<&AnyArguments>,
    ) -> Request {
        // What is taken of the values is decided when the event begins, and they are gone by then.
        let (context, own) = (self.parent().context(), self.config.current());
        let ahead = |fp| context.capture_ahead(fp, &own);
        let capture = match ahead(fp.unwrap_or(fp::QUERY)) {
            query if fp.is_some() || query.bound_values() => query,
            _ => ahead(fp::EXECUTE),
        };
        Request {
            fp,
            sql: sql.clone(),
            prepared: Some(arguments.is_some()),
            bound: arguments.map(Arguments::len),
            values: arguments
                .filter(|arguments| capture.bound_values() && arguments.len() > 0)
                .map(|arguments| values::bound(arguments, &capture)),
            values_hash: arguments.and_then(values::hash),
            copy: None,
        }
    }

    /// Begins the transaction itself.
    async fn begin_outermost(&mut self, statement: Option<SqlStr>) -> Result<(), Error> {
        let mut event = TransactionEvent::open(
            self.parent(),
            DB::FACTS,
            self.config.clone(),
            statement.as_ref().map(SqlStr::as_str),
            None,
        );
        self.unsure = DB::FACTS.dropped_begin_leaks;
        let own = statement.clone();
        let begin = AnyConnectionBackend::begin(&mut *self.inner, statement);
        let begin = reported::statement(DB::FACTS, begin);
        let result = waiting::on(Kind::Sql, None, begin).await;
        event.begun();
        if is_settled(&result, own.as_ref()) {
            self.unsure = false;
        }
        match &result {
            Ok(()) => {
                event.on_connection(self.event.context());
                self.set_depth(1);
                self.counts().fate.undo(0);
                *self.counts().books.lock() = Some(event.books().clone());
                self.transaction = Some(event);
            }
            Err(error) => event.fail(&self.config.current(), None, error),
        }
        result
    }

    /// No level of it is told of by this.
    fn is_told_elsewhere(&self) -> bool {
        self.depth() == 0 && self.transaction.is_none()
    }

    fn keep_books(&self, entry: impl FnOnce(&Books)) {
        if let Some(books) = &*self.counts().books.lock() {
            entry(books);
        }
    }

    /// Begins what a wrapper reports.
    async fn begin_reported(&mut self, statement: Option<SqlStr>) -> Result<(), Error> {
        let depth = self.depth();
        self.unsure = depth == 0 && DB::FACTS.dropped_begin_leaks;
        self.undone = self.undone_by(statement.as_ref());
        let own = statement.clone();
        let result = AnyConnectionBackend::begin(&mut *self.inner, statement).await;
        if is_settled(&result, own.as_ref()) {
            self.unsure = false;
        }
        if result.is_ok() {
            self.undone = 0;
            self.set_depth(depth + 1);
        }
        result
    }

    /// A level of transactions that a wrapper reports has ended, if that went well.
    fn ended(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        if result.is_ok() {
            self.set_depth(self.depth().saturating_sub(1));
        }
        result
    }

    /// Begins a savepoint.
    async fn begin_inside(&mut self, statement: Option<SqlStr>) -> Result<(), Error> {
        let mut event = savepoint(self.parent(), DB::FACTS, SAVEPOINT);
        self.undone = self.undone_by(statement.as_ref());
        let begin = AnyConnectionBackend::begin(&mut *self.inner, statement);
        let begin = reported::statement(DB::FACTS, begin);
        let result = waiting::on(Kind::Sql, None, begin).await;
        match &result {
            Ok(()) => {
                self.undone = 0;
                self.set_depth(self.depth() + 1);
            }
            Err(error) => self.record(&mut event, error),
        }
        event.finish(Outcome::Completed);
        result
    }

    /// What is rolled back by sqlx if this savepoint fails, or its future is dropped.
    fn undone_by(&self, statement: Option<&SqlStr>) -> usize {
        let by_driver = DB::FACTS.undoes_failed_savepoint && statement.is_none();
        (1 + usize::from(by_driver)).min(self.depth())
    }

    fn record(&self, event: &mut EndGuard, error: &Error) {
        self.keep_books(|books| books.failed(error));
        failure::record(
            event.tracker(),
            DB::FACTS,
            &self.config.current(),
            None,
            error,
        );
    }

    fn step(&mut self, of_transaction: &'static str, of_savepoint: &'static str) -> EndGuard {
        self.ending = true;
        match &mut self.transaction {
            Some(transaction) if self.event.counts().depth.load(Relaxed) <= 1 => {
                transaction.step(of_transaction)
            }
            _ => savepoint(self.parent(), DB::FACTS, of_savepoint),
        }
    }

    /// The statement that ends a level was answered.
    fn answered(&mut self, mut step: EndGuard, result: &Result<(), Error>) {
        let depth = self.depth();
        self.ending = false;
        if let Some(transaction) = &mut self.transaction {
            transaction.answered();
        }
        match result {
            Ok(()) => {
                self.set_depth(depth.saturating_sub(1));
                if depth <= 1 {
                    *self.counts().books.lock() = None;
                    self.transaction = None;
                }
            }
            Err(error) => {
                self.record(&mut step, error);
                if let Some(transaction) = self.transaction.as_mut().filter(|_| depth <= 1) {
                    transaction.fail(&self.config.current(), None, error);
                }
            }
        }
        step.finish(Outcome::Completed);
    }
}

impl<DB: DriverDb> AnyConnectionBackend for MonitoredBackend<DB> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), Error>> {
        let Self {
            inner,
            config,
            event,
            ..
        } = *self;
        let reported = wrapped::is_reported();
        Box::pin(async move {
            let result = AnyConnectionBackend::close(inner).await;
            if let Some(error) = result.as_ref().err().filter(|_| !reported) {
                let mut failed = event.failed_close();
                failure::record(&mut failed, DB::FACTS, &config.current(), None, error);
            }
            result
        })
    }

    fn close_hard(self: Box<Self>) -> BoxFuture<'static, Result<(), Error>> {
        let Self { inner, event, .. } = *self;
        Box::pin(async move {
            let result = AnyConnectionBackend::close_hard(inner).await;
            drop(event);
            result
        })
    }

    /// The pool asks this of a connection it takes back, and closes one that fails: so no transaction that sqlx does
    /// not know of gets into the pool.
    fn ping(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        if self.unsure {
            let error = Error::Protocol(
                "what came of BEGIN is not known: a transaction may be open".to_owned(),
            );
            return Box::pin(std::future::ready(Err(error)));
        }
        AnyConnectionBackend::ping(&mut *self.inner)
    }

    fn begin(&mut self, statement: Option<SqlStr>) -> BoxFuture<'_, Result<(), Error>> {
        let reported = wrapped::is_reported();
        Box::pin(async move {
            if reported {
                self.begin_reported(statement).await
            } else if self.depth() == 0 {
                self.begin_outermost(statement).await
            } else {
                self.begin_inside(statement).await
            }
        })
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        let reported = wrapped::is_reported();
        Box::pin(async move {
            if self.is_told_elsewhere() || reported {
                let result = AnyConnectionBackend::commit(&mut *self.inner).await;
                return self.ended(result);
            }
            let mut step = self.step(fp::COMMIT, RELEASE);
            let commit = AnyConnectionBackend::commit(&mut *self.inner);
            let commit = reported::statement(DB::FACTS, commit);
            let result = waiting::on(Kind::Sql, None, commit).await;
            let depth = self.depth();
            let doomed = DB::FACTS.error_dooms_transaction && self.counts().fate.is_doomed();
            let lost = match depth {
                0 => Some(OVER_BEFORE),
                1 if doomed => Some(FAILED_BEFORE),
                _ => None,
            };
            if let (Ok(()), Some(why), Some(transaction)) = (&result, lost, &mut self.transaction) {
                transaction.abort(&mut step, why);
            }
            if result.is_ok() {
                self.keep_books(|books| books.released(depth));
            }
            self.answered(step, &result);
            result
        })
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        let reported = wrapped::is_reported();
        Box::pin(async move {
            if self.is_told_elsewhere() || reported {
                let result = AnyConnectionBackend::rollback(&mut *self.inner).await;
                return self.ended(result);
            }
            let step = self.step(fp::ROLLBACK, ROLLBACK_TO);
            let rollback = AnyConnectionBackend::rollback(&mut *self.inner);
            let rollback = reported::statement(DB::FACTS, rollback);
            let result = waiting::on(Kind::Sql, None, rollback).await;
            if result.is_ok() {
                let depth = self.depth();
                self.counts().fate.undo(depth);
                self.keep_books(|books| books.undone(depth.saturating_sub(1)));
            }
            self.answered(step, &result);
            result
        })
    }

    fn start_rollback(&mut self) {
        AnyConnectionBackend::start_rollback(&mut *self.inner);
        let (depth, undone) = (self.depth(), std::mem::take(&mut self.undone));
        let left = depth.saturating_sub(undone.max(1));
        self.counts().fate.undo(left + 1);
        self.set_depth(left);
        if undone > 0 {
            // The savepoint's own. If it was all of the transaction, that is told when the transaction ends.
            self.keep_books(|books| {
                books.undone(left);
                books.spoil();
            });
            return;
        }
        // Who was cancelled while it ended has not forgotten to.
        let was_ending = std::mem::take(&mut self.ending);
        if wrapped::is_reported() {
            return;
        }
        if depth > 1 {
            self.keep_books(|books| books.undone(left));
            if was_ending
                || self
                    .transaction
                    .as_ref()
                    .is_some_and(TransactionEvent::is_lost)
            {
                return;
            }
            savepoint_rolled_back_implicitly(self.parent(), DB::FACTS);
        } else if let Some(mut transaction) = self.transaction.take() {
            *self.counts().books.lock() = None;
            if !was_ending {
                transaction.rolled_back_implicitly();
            }
        }
    }

    fn get_transaction_depth(&self) -> usize {
        AnyConnectionBackend::get_transaction_depth(&*self.inner)
    }

    fn cached_statements_size(&self) -> usize {
        AnyConnectionBackend::cached_statements_size(&*self.inner)
    }

    fn clear_cached_statements(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        AnyConnectionBackend::clear_cached_statements(&mut *self.inner)
    }

    fn shrink_buffers(&mut self) {
        AnyConnectionBackend::shrink_buffers(&mut *self.inner);
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        AnyConnectionBackend::flush(&mut *self.inner)
    }

    /// A wrapper that asks which connection this is asks so, for it sees nothing else of it.
    fn should_flush(&self) -> bool {
        wrapped::answer(&self.event);
        AnyConnectionBackend::should_flush(&*self.inner)
    }

    fn as_migrate(&mut self) -> Result<&mut (dyn Migrate + Send + 'static), Error> {
        Ok(self)
    }

    fn fetch_many(
        &mut self,
        query: SqlStr,
        persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxStream<'_, Result<Either<AnyQueryResult, AnyRow>, Error>> {
        if wrapped::is_reported() {
            let counts = self.counted(Counts::started);
            let items =
                AnyConnectionBackend::fetch_many(&mut *self.inner, query, persistent, arguments);
            return Box::pin(items.inspect_err(move |error| counts.failed(error)));
        }
        let call = Call::either(self.place(), self.request(None, &query, arguments.as_ref()));
        let items =
            AnyConnectionBackend::fetch_many(&mut *self.inner, query, persistent, arguments);
        let items = reported::statement(DB::FACTS, items);
        Box::pin(Results::<Any, _>::new(call, items))
    }

    fn fetch_optional(
        &mut self,
        query: SqlStr,
        persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxFuture<'_, Result<Option<AnyRow>, Error>> {
        if wrapped::is_reported() {
            let counts = self.counted(Counts::started);
            let row = AnyConnectionBackend::fetch_optional(
                &mut *self.inner,
                query,
                persistent,
                arguments,
            );
            return Box::pin(row.inspect_err(move |error| counts.failed(error)));
        }
        let call = Call::future(
            self.place(),
            self.request(Some(fp::QUERY), &query, arguments.as_ref()),
        );
        let row =
            AnyConnectionBackend::fetch_optional(&mut *self.inner, query, persistent, arguments);
        let row = reported::statement(DB::FACTS, row);
        Box::pin(run::optional::<Any>(call, row))
    }

    fn prepare_with<'c, 'q: 'c>(
        &'c mut self,
        sql: SqlStr,
        parameters: &[AnyTypeInfo],
    ) -> BoxFuture<'c, Result<AnyStatement, Error>> {
        if wrapped::is_reported() {
            let counts = self.counted(Counts::preparing);
            let prepared = AnyConnectionBackend::prepare_with(&mut *self.inner, sql, parameters);
            return Box::pin(prepared.inspect_err(move |error| counts.failed(error)));
        }
        let mut request = self.request(Some(fp::PREPARE), &sql, None);
        request.prepared = Some(true);
        let call = Call::future(self.place(), request);
        let prepare = AnyConnectionBackend::prepare_with(&mut *self.inner, sql, parameters);
        Box::pin(run::prepare(call, reported::statement(DB::FACTS, prepare)))
    }

    fn describe(&mut self, sql: SqlStr) -> BoxFuture<'_, Result<Describe<Any>, Error>> {
        let counts = Arc::clone(self.event.counts());
        let described = AnyConnectionBackend::describe(&mut *self.inner, sql);
        Box::pin(async move { described.await.inspect_err(|error| counts.doom(error)) })
    }
}

impl<DB: DriverDb> Connection for MonitoredBackend<DB> {
    type Database = Monitored<DB>;
    type Options = MonitoredOptions<DB>;

    fn close(self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        AnyConnectionBackend::close(Box::new(self))
    }

    fn close_hard(self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        AnyConnectionBackend::close_hard(Box::new(self))
    }

    fn ping(&mut self) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        AnyConnectionBackend::ping(self)
    }

    fn begin(
        &mut self,
    ) -> impl Future<Output = Result<Transaction<'_, Monitored<DB>>, Error>> + Send + '_ {
        Transaction::begin(self, None)
    }

    fn shrink_buffers(&mut self) {
        AnyConnectionBackend::shrink_buffers(self);
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), Error>> + Send + '_ {
        AnyConnectionBackend::flush(self)
    }

    fn should_flush(&self) -> bool {
        AnyConnectionBackend::should_flush(self)
    }
}

impl<DB: DriverDb> fmt::Debug for MonitoredBackend<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredBackend")
            .field("database", &DB::NAME)
            .finish_non_exhaustive()
    }
}

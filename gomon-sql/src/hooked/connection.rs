//! A connection as a hook sees it.
//!
//! When does its event (`sql-wconn`) start and end? It starts when the hook first knows of the connection, with an opening
//! event, and ends with the hook.

use std::sync::Arc;

use gomon_core::{Capture, Context, EventTracker, Tree};
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr};

use super::transactions::Transactions;
use super::{Step, UNKNOWN};
use crate::call::{Call, OnConnection, Place, Request};
use crate::config::SqlConfig;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::keys::{self, fp};
use crate::parent::Parent;

/// The connection, its transaction, and what is counted for it.
#[derive(Debug)]
pub(crate) struct HookedConnection {
    engine: &'static Engine,
    config: SqlConfig,
    event: EventTracker,
    queries: u64,
    errors: u64,
    transactions: Transactions,
}

impl HookedConnection {
    /// A connection of which nothing is known yet.
    pub(crate) fn new(config: SqlConfig) -> Self {
        Self {
            engine: &UNKNOWN,
            config,
            event: EventTracker::empty(),
            queries: 0,
            errors: 0,
            transactions: Transactions::default(),
        }
    }

    pub(crate) fn set_engine(&mut self, engine: &'static Engine) {
        self.engine = engine;
    }

    pub(crate) fn set_config(&mut self, config: SqlConfig) {
        self.config = config;
    }

    /// What may be taken. Of a text whose quotes nobody knows how to read, nothing.
    pub(crate) fn capture(&self) -> Arc<Capture> {
        let capture = self.config.current();
        if std::ptr::eq(self.engine, &raw const UNKNOWN) {
            let less = Capture::clone(&capture);
            return Arc::new(less.with_sql_text(false).with_bound_values(false));
        }
        capture
    }

    /// The connection is there. It outlives the request that opened it: a child of the application.
    pub(crate) fn opened(&mut self) {
        let mut event = EventTracker::in_context(fp::CONNECTION, Context::application());
        self.engine.tell(&mut event);
        event.send_opening();
        self.event = event;
    }

    fn context(&self) -> Option<Context> {
        self.event.is_recording().then(|| self.event.context())
    }

    fn outside(&self) -> Parent {
        match self.context() {
            Some(connection) => Parent::current_or(connection),
            None => Parent::current(),
        }
    }

    /// The event of a statement, which starts now.
    pub(crate) fn call(&self, fp: Option<&'static str>, sql: String, values: Option<Tree>) -> Call {
        let place = Place {
            engine: self.engine,
            config: self.config.capturing(self.capture()),
            parent: self.transactions.parent().unwrap_or(self.outside()),
            caller: None,
            watch: self.transactions.watch(),
            connection: OnConnection::of(self.context()),
            waited: None,
        };
        let request = Request {
            fp,
            sql: AssertSqlSafe(sql).into_sql_str(),
            prepared: None,
            bound: None,
            values,
            values_hash: None,
            copy: None,
        };
        let mut call = Call::future(place, request);
        call.start();
        call
    }

    /// A statement is sent, which is no step of a transaction.
    pub(crate) fn count(&mut self) {
        self.queries += 1;
    }

    /// A statement was answered.
    pub(crate) fn finish(&mut self, mut call: Call, failure: Option<&Failure<'_>>) {
        match failure {
            Some(_) => {
                self.errors += 1;
                call.fail_told(failure);
            }
            None => call.complete(),
        }
    }

    /// A step of a transaction is sent.
    pub(crate) fn start_step(&mut self, step: Step, sql: &str) {
        let outside = self.outside();
        self.transactions
            .start(step, self.engine, &self.config, sql, outside);
    }

    /// One is open, which ends also while nothing is recorded.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.transactions.parent().is_some()
    }

    pub(crate) fn is_stepping(&self) -> bool {
        self.transactions.is_running()
    }

    /// It was answered.
    pub(crate) fn finish_step(&mut self, failure: Option<&Failure<'_>>) {
        let capture = self.capture();
        self.transactions.finish(&capture, failure);
    }
}

impl Drop for HookedConnection {
    fn drop(&mut self) {
        // The transaction's end comes before the connection's.
        self.transactions = Transactions::default();
        self.event
            .set(keys::QUERIES, self.queries)
            .set(keys::ERRORS, self.errors);
    }
}

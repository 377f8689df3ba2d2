//! Explains statements on a connection of its own.

use std::fmt;
use std::time::Duration;

use futures_util::TryStreamExt;
use gomon_core::{Context, EndGuard, EventTracker, FutureExt, Outcome, monotonic};
use sqlx_core::connection::Connection;
use sqlx_core::error::Error;
use sqlx_core::pool::Pool;
use sqlx_core::rt;
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::db::MonitoredDb;
use super::peek::Peeked;
use crate::explain::{Explain, Rate, Slow, line, masked};
use crate::failure;
use crate::keys::{self, fp};

/// Explains the statements of one pool.
pub(super) struct Explainer<DB: MonitoredDb> {
    /// What it connects by; it takes none of its connections.
    pool: Pool<DB>,
    rate: Rate,
}

impl<DB: MonitoredDb> Explainer<DB> {
    pub(super) fn new(pool: Pool<DB>, every: Duration) -> Self {
        Self {
            pool,
            rate: Rate::new(every),
        }
    }
}

impl<DB: MonitoredDb> Explain for Explainer<DB> {
    fn explain(&self, slow: Slow) {
        if !self.rate.allows(slow.statement.digest_number, monotonic()) {
            return;
        }
        let options = self.pool.connect_options();
        let engine = DB::engine_for(&options);
        let explaining = async move {
            let mut event = EndGuard::new(EventTracker::in_context(fp::EXPLAIN, slow.context));
            engine.tell(event.tracker());
            event
                .tracker()
                .set(keys::DIGEST, slow.statement.digest.as_str())
                .set(keys::SUMMARY, slow.statement.summary.as_str());
            let (capture, dialect) = (slow.capture.clone(), engine.dialect);
            let lines = async {
                let mut connection = DB::Connection::connect_with(&options).await?;
                let lines = plan::<DB>(&mut connection, slow).await;
                let _closed = connection.close().await;
                lines
            };
            // What gomon asks for is no work of the program.
            let lines = rt::timeout(LONGEST, lines.in_context(Context::unmonitored()));
            match lines.await {
                Ok(Ok(lines)) => {
                    let lines = lines.iter().map(|line| match capture.bound_values() {
                        true => capture.detectors().mask(line).into_owned(),
                        false => masked(line, dialect),
                    });
                    let plan = lines.collect::<Vec<_>>().join("\n");
                    event.tracker().set(keys::PLAN, plan);
                    event.finish(Outcome::Completed);
                }
                Ok(Err(error)) => {
                    failure::record(event.tracker(), engine, &capture, None, &error);
                    event.finish(Outcome::Failed);
                }
                Err(_) => event.finish(Outcome::TimedOut),
            }
        };
        drop(rt::spawn(explaining));
    }
}

async fn plan<DB: MonitoredDb>(
    connection: &mut DB::Connection,
    slow: Slow,
) -> Result<Vec<String>, Error> {
    let explain = DB::engine_of(connection).explain;
    if !explain.forbids_writes.is_empty() {
        let forbid = query::<DB>(SqlStr::from_static(explain.forbids_writes), None);
        DB::run_execute(connection, forbid).await?;
    }
    let sql = format!("{}{}", explain.prefix, slow.sql.as_str());
    let arguments = slow.arguments.and_then(|copy| copy.downcast().ok());
    let query = query::<DB>(
        AssertSqlSafe(sql).into_sql_str(),
        arguments.map(|arguments| *arguments),
    );
    let rows = DB::run_fetch_many(connection, query);
    let lines = rows.try_filter_map(|item| {
        let line = item.right().map(|row| line::<DB>(&row, explain));
        std::future::ready(Ok(line))
    });
    lines.try_collect().await
}

fn query<DB: MonitoredDb>(
    sql: SqlStr,
    arguments: Option<DB::Arguments>,
) -> Peeked<&'static str, DB> {
    Peeked::Parts {
        sql,
        arguments: Some(Ok(arguments)),
        persistent: false,
    }
}

impl<DB: MonitoredDb> fmt::Debug for Explainer<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer")
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

const LONGEST: Duration = Duration::from_secs(10);

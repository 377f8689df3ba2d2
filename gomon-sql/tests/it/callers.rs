//! The line that called, where nothing but the stack tells it.

use std::time::Duration;

use futures_util::TryStreamExt;
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{EndGuard, EventTracker, Outcome, WorkDetails};
use gomon_sql::{MonitoredSqlitePool, PoolExt, SqlConfig};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AnyPool, SqlitePool};

use crate::any_driver::install;

async fn pool() -> SqlitePool {
    let options = SqlitePoolOptions::new().max_connections(1);
    options.connect("sqlite::memory:").await.unwrap()
}

/// Runs the statement until its caller is known, which is found out elsewhere.
async fn caller_of(mut run: impl AsyncFnMut()) -> Recorded {
    for _ in 0..500 {
        let recorder = Recorder::new();
        recorder.scope(run()).await;
        let statements = recorder.queries();
        let statement = statements.iter().next().expect("a statement");
        if statement.get("caller").is_some() {
            return statement.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("its caller was not found");
}

#[track_caller]
fn assert_called_from(statement: &Recorded, line: u32) {
    let expected = format!("{}:{line}", file!());
    assert_eq!(statement["caller"], expected, "{statement}");
    assert_eq!(statement["caller-cached"], true);
}

async fn fetch(pool: &MonitoredSqlitePool) -> u32 {
    let query = sqlx::query_scalar::<_, i64>("SELECT 1 AS awaited");
    query.fetch_one(pool).await.unwrap();
    line!() - 1
}

#[tokio::test]
async fn a_statement_on_a_pool_has_the_line_that_awaits_it() {
    let pool = pool().await.monitored();
    let mut line = 0;
    let statement = caller_of(async || line = fetch(&pool).await).await;
    assert_called_from(&statement, line);
}

#[tokio::test]
async fn a_stream_and_a_transaction_have_it_too() {
    let pool = pool().await.monitored();
    let statement = caller_of(async || {
        let mut rows = sqlx::query("SELECT 1 AS streamed").fetch(&pool);
        while rows.try_next().await.unwrap().is_some() {}
    });
    assert_called_from(&statement.await, line!() - 2);

    let statement = caller_of(async || {
        let mut tx = pool.begin().await.unwrap();
        let query = sqlx::query("SELECT 1 AS in_transaction");
        query.execute(&mut tx).await.unwrap();
    });
    assert_called_from(&statement.await, line!() - 2);
}

#[tokio::test]
async fn the_any_driver_has_it_too() {
    install();
    let statement = caller_of(async || {
        let pool = AnyPool::connect("sqlite::memory:").await.unwrap();
        let query = sqlx::query("SELECT 1 AS of_any");
        query.execute(&pool).await.unwrap();
    });
    assert_called_from(&statement.await, line!() - 2);
}

/// A unit of work of its own kind.
pub(crate) async fn unit(fp: &'static str, work: impl Future) {
    let tracker = EventTracker::new(fp);
    let mut unit = EndGuard::registered_unit(tracker, WorkDetails::default(), |_| {});
    unit.scope(work).await;
    unit.finish(Outcome::Completed);
}

#[tokio::test]
async fn the_same_statement_of_two_kinds_of_work_has_two_lines() {
    async fn run(pool: &MonitoredSqlitePool) {
        let query = sqlx::query("SELECT 1 AS of_two");
        query.execute(pool).await.unwrap();
    }
    let pool = pool().await.monitored();
    let first = caller_of(async || unit("callers-first", async { run(&pool).await }).await);
    let first = first.await;
    let second = async {
        let query = sqlx::query("SELECT 1 AS of_two");
        query.execute(&pool).await.unwrap();
    };
    // The innermost line is that of `run` in the first, and its own in the second.
    let mut second = Some(second);
    let recorder = Recorder::new();
    recorder
        .scope(unit("callers-second", second.take().unwrap()))
        .await;
    let new = recorder.queries();
    let new = new.iter().next().unwrap();
    assert_ne!(new.get("caller"), first.get("caller"), "{new}");
}

#[tokio::test]
async fn what_is_prepared_and_run_elsewhere_has_both_lines() {
    use sqlx::{Executor, Statement};

    let pool = pool().await.monitored();
    let (mut prepared_at, mut run_at) = (0, 0);
    for _ in 0..500 {
        let recorder = Recorder::new();
        let work = unit("callers-prepared", async {
            let sql = sqlx::SqlStr::from_static("SELECT 1 AS prepared");
            let statement = pool.prepare(sql).await.unwrap();
            prepared_at = line!() - 1;
            statement.query().fetch_all(&pool).await.unwrap();
            run_at = line!() - 1;
        });
        recorder.scope(work).await;
        let (prepared, run) = (
            recorder.one("conn-prepare"),
            recorder.one("sql-wconn-queryctx"),
        );
        if prepared.get("caller").is_some() && run.get("caller").is_some() {
            assert_called_from(&prepared, prepared_at);
            assert_called_from(&run, run_at);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("their callers were not found");
}

#[tokio::test]
async fn who_does_not_want_it_does_without() {
    let config = SqlConfig::new().without_callers();
    let pool = pool().await.monitored_with(config);
    for _ in 0..20 {
        let recorder = Recorder::new();
        recorder
            .scope(sqlx::query("SELECT 1 AS unwanted").execute(&pool))
            .await
            .unwrap();
        let statements = recorder.queries();
        assert_eq!(statements.iter().next().unwrap().get("caller"), None);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_finding_has_the_line_that_was_found_since() {
    let pool = pool().await.monitored();
    for _ in 0..500 {
        let recorder = Recorder::new();
        let work = async {
            for id in 0..5 {
                let query = sqlx::query("SELECT ? AS repeated").bind(id);
                query.fetch_one(&pool).await.unwrap();
            }
        };
        let line = line!() - 3;
        recorder.scope(unit("callers-finding", work)).await;
        let finding = recorder.one("sql-nplusone");
        if finding.get("caller").is_some() {
            return assert_called_from(&finding, line);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("its line was not found");
}

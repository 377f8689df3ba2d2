//! What a unit of work waits for when it uses a database.

use gomon_core::testing::{Recorded, Recorder};
use gomon_core::time::{Duration, timeout};
use gomon_core::{EndGuard, EventTracker, FutureExt, WorkDetails};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Executor, Sqlite};

use crate::engines::{Fixture, on};
use gomon_sql::PoolExt;

/// Whether the unit of work waited for that, and its time adds up.
#[track_caller]
fn waited(unit: &Recorded, kind: &str) -> bool {
    let wait = unit["wait"].as_object().unwrap();
    let nanos = wait.values().chain([&unit["busy"], &unit["ready"]]);
    let sum: u64 = nanos.filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(sum, unit.lapsed(), "{unit}");
    wait.contains_key(kind)
}

/// Takes some milliseconds: nobody has to wait for an answer that is there before the poll ends.
const LONG: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
                    SELECT max(i) FROM n";

#[tokio::test]
async fn statements_and_transactions_are_waits_for_sql() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let work = async {
            let mut transaction = pool.begin().await.unwrap();
            (&mut *transaction).execute(LONG).await.unwrap();
            (&mut *transaction).fetch_all("SELECT 1").await.unwrap();
            transaction.commit().await.unwrap();
        };
        recorder.scope(work.monitored("unit")).await;
        assert!(waited(&recorder.one("unit"), "sql"));
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_needs_a_connection_waits_for_the_pool_first() {
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options
        .connect("sqlite::memory:")
        .await
        .unwrap()
        .monitored();
    let held = pool.acquire().await.unwrap();
    let recorder = Recorder::new();
    let work = async {
        let statement = pool.execute("SELECT 1").monitored("unit");
        let (result, ()) = tokio::join!(biased; statement, async {
            tokio::task::yield_now().await;
            drop(held);
        });
        result.unwrap();
    };
    recorder.scope(work).await;
    assert!(waited(&recorder.one("unit"), "pool"));
}

#[tokio::test]
async fn a_statement_that_a_timeout_cuts_short_is_timed_out() {
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options
        .connect("sqlite::memory:")
        .await
        .unwrap()
        .monitored();
    let _held = pool.acquire().await.unwrap();
    let recorder = Recorder::new();
    let late = timeout(Duration::from_millis(1), pool.execute("SELECT 1"));
    assert!(recorder.scope(late).await.is_err());
    assert_eq!(recorder.one("sql-wstmt-execctx").outcome(), "timed-out");
    assert_eq!(recorder.one("sql-wpool-acquire").outcome(), "timed-out");
}

#[tokio::test]
async fn who_waits_is_the_program_and_never_the_wrapper() {
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    let pool = pool.monitored();
    let recorder = Recorder::new();
    let held = pool.acquire().await.unwrap();
    let line = line!() + 3;
    let work = async {
        let statement = EventTracker::in_context("unit", recorder.context());
        let waits = async { pool.acquire().await.map(drop) };
        let mut unit = EndGuard::registered_unit(statement, WorkDetails::default(), |_| {});
        unit.scope(waits).await.unwrap();
    };
    let unknown = async {
        let statement = EventTracker::in_context("unknown", recorder.context());
        let waits = async { pool.execute("SELECT 1").await.map(drop) };
        let mut unit = EndGuard::registered_unit(statement, WorkDetails::default(), |_| {});
        unit.scope(waits).await.unwrap();
    };
    let look = async {
        tokio::task::yield_now().await;
        let in_flight = recorder.run(gomon_core::in_flight);
        let at = |kind: &str| {
            let mut units = in_flight.iter().filter(|unit| unit.kind == kind);
            units
                .next()
                .and_then(|unit| unit.doing.clone())
                .and_then(|doing| doing.at)
        };
        let known = at("unit").expect("it says where");
        assert_eq!((known.file(), known.line()), (file!(), line));
        assert!(at("unknown").is_none(), "{:?}", at("unknown"));
        drop(held);
    };
    tokio::join!(biased; work, unknown, look);
}

//! A server that is killed in the middle of everything, and comes back: through the typed wrapper, through the driver, and
//! through both.

use std::time::Duration;

use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::{MonitoredDb, MonitoredPool, PoolExt};
use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolOptions;
use sqlx::{AnyPool, Executor, MySql, Postgres};

use crate::accounts::{
    add_up, all_is_given_back, in_request, ledger_is_exact, nobody_else_holds_one,
};
use crate::any_driver::install;
use crate::spare::Spare;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_postgresql_leaves_behind_has_ended() {
    on_each_way::<Postgres>("postgres", "SELECT pg_sleep(60)").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_mariadb_leaves_behind_has_ended() {
    on_each_way::<MySql>("mariadb", "SELECT sleep(60)").await;
}

async fn on_each_way<DB: MonitoredDb>(name: &str, sleep: &'static str) {
    let Some(mut spare) = Spare::start(name) else {
        return;
    };
    install();
    let typed = PoolOptions::<DB>::new().max_connections(3);
    let typed = typed.acquire_timeout(SHORT).connect_lazy(&spare.url);
    let typed = typed.unwrap().monitored();
    let recorder = record(by_wrapper(&typed, &mut spare, sleep)).await;
    all_is_told(&recorder);
    the_wait_is_told(&recorder);

    let options = AnyPoolOptions::new()
        .max_connections(3)
        .acquire_timeout(SHORT);
    let any = options.clone().connect_lazy(&spare.url).unwrap();
    let recorder = record(by_driver(&any, &mut spare, sleep)).await;
    all_is_told(&recorder);
    connections_are_told(&recorder);

    let both = options.connect_lazy(&spare.url).unwrap().monitored();
    let recorder = record(by_wrapper(&both, &mut spare, sleep)).await;
    all_is_told(&recorder);
    the_wait_is_told(&recorder);
    connections_are_told(&recorder);
}

/// What is written the same way with sqlx's types and with the monitored ones. One transaction waits for an answer while the
/// server is killed, one is committed afterwards, and one is dropped.
macro_rules! outage {
    ($pool:expr, $spare:expr, $sleep:expr) => {{
        let mut asking = $pool.begin().await.unwrap();
        let mut committed = $pool.begin().await.unwrap();
        let mut dropped = $pool.begin().await.unwrap();
        (&mut *committed).execute("SELECT 1").await.unwrap();
        (&mut *dropped).execute("SELECT 1").await.unwrap();
        let killed = async { $spare.kill() };
        let (answer, ()) = tokio::join!((&mut *asking).fetch_all($sleep), killed);
        assert!(answer.is_err());
        assert!(asking.commit().await.is_err());
        assert!(committed.commit().await.is_err());
        drop(dropped);
        let refused = tokio::time::timeout(PATIENCE, $pool.acquire()).await;
        assert!(refused.expect("the pool hangs").is_err());

        $spare.start_again();
        let works = async { while $pool.execute("SELECT 2").await.is_err() {} };
        let works = tokio::time::timeout(PATIENCE, works).await;
        works.expect("the pool does not recover");
        all_is_given_back($pool).await;
    }};
}

async fn by_wrapper<DB: MonitoredDb>(
    pool: &MonitoredPool<DB>,
    spare: &mut Spare,
    sleep: &'static str,
) {
    outage!(pool, spare, sleep);
    nobody_else_holds_one(pool).await;
    pool.close().await;
}

async fn by_driver(pool: &AnyPool, spare: &mut Spare, sleep: &'static str) {
    outage!(pool, spare, sleep);
    pool.close().await;
}

/// Runs it in a request, and looks at the books afterwards.
async fn record(work: impl Future<Output = ()>) -> Recorder {
    let (recorder, ()) = in_request(work).await;
    add_up(&recorder, &["completed", "failed", "timed-out"]);
    ledger_is_exact().await;
    recorder
}

fn all_is_told(recorder: &Recorder) {
    let queries = recorder.find("sql-wconn-queryctx");
    let failed: Vec<_> = queries
        .iter()
        .filter(|it| it.outcome() == "failed")
        .collect();
    let [asked] = failed[..] else {
        panic!("{}", recorder.tree())
    };
    for fp in ["conn-begintx", "sql-wtx-commit"] {
        let events = recorder.find(fp);
        let failed = events.iter().filter(|event| event.outcome() == "failed");
        assert_eq!(failed.count(), 2, "{}", recorder.tree());
    }
    let transactions = recorder.find("conn-begintx");
    let waiting = transactions
        .iter()
        .find(|it| asked.is_child_of(it))
        .unwrap();
    assert_eq!(waiting.outcome(), "failed");
    let dropped = transactions.iter().find(|it| it.outcome() == "completed");
    let rollbacks = recorder.find("sql-wtx-rollback");
    let rollback = rollbacks.iter().find(|it| it.is_child_of(dropped.unwrap()));
    assert_eq!(rollback.unwrap()["implicit"], true);
}

fn the_wait_is_told(recorder: &Recorder) {
    let waits = recorder.find("sql-wpool-acquire");
    let refused = waits
        .iter()
        .find(|wait| wait.outcome() != "completed")
        .unwrap();
    assert_eq!(refused["error"][0]["type"], "PoolTimedOut");
    assert_eq!(
        refused["holders"],
        serde_json::json!([]),
        "all was given back"
    );
}

/// Three that were lost, and at least one since; attempts in between have failed.
fn connections_are_told(recorder: &Recorder) {
    assert!(recorder.find("sql-wconn").len() > 3);
    let attempts = recorder.find("driver-open");
    let failed: Vec<&Recorded> = attempts
        .iter()
        .filter(|it| it.outcome() == "failed")
        .collect();
    assert!(!failed.is_empty());
    assert!(
        failed.iter().all(|it| it["error"][0]["type"] == "Io"),
        "{failed:?}"
    );
}

/// So that a pool that is exhausted, or without a server, soon says so.
const SHORT: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(60);

//! A unit of work that does all there is to do with a pool, dropped at each of its await points: through the typed wrapper,
//! through the driver, and through both.

use futures_util::TryStreamExt;
use gomon_core::EventTracker;
use gomon_core::testing::Recorder;
use gomon_sql::{MonitoredDb, MonitoredPool, PoolExt, monitor_conn};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Connection, Executor};
use std::collections::BTreeSet;
use std::time::Duration;

use crate::accounts::{add_up, all_is_given_back, ledger_is_exact, nobody_else_holds_one};
use crate::any_driver::install;
use crate::cancel::poll_then_drop;
use crate::detour::Detour;
use crate::engines::{Engine, Fixture, MAX_CONNECTIONS, Options, nothing_is_open, on_each_engine};

on_each_engine! {
    on_one_thread:
    a_dropped_unit_of_work_ends_all_it_began => typed;
    a_dropped_unit_of_work_ends_all_it_began_through_the_driver => driver;
    a_dropped_unit_of_work_ends_all_it_began_through_both => both;
    who_was_dropped_holds_nothing => holders;
    who_was_dropped_holds_nothing_through_both => holders_of_both;
    a_begin_dropped_on_a_borrowed_connection_leaves_nothing_open => borrowed;
}

/// More than any of them needs.
const POLLS: usize = 1000;

/// What each way in can be dropped in the middle of.
const STEPS: [&str; 7] = [
    "conn-begintx",
    "conn-prepare",
    "sql-savepoint",
    "sql-wconn-queryctx",
    "sql-wstmt-execctx",
    "sql-wtx-commit",
    "sql-wtx-rollback",
];
const OF_WRAPPER: &str = "sql-wpool-acquire";
const OF_DRIVER: &str = "driver-open";
const ENDINGS: [&str; 3] = ["completed", "cancelled", "truncated"];

/// What is written the same way with sqlx's types and with the monitored ones.
macro_rules! unit_of_work {
    ($pool:expr) => {{
        let mut lease = $pool.acquire().await?;
        (&mut *lease).execute("SELECT 1").await?;
        let statement = sqlx::SqlStr::from_static("SELECT name FROM items");
        (&mut *lease).prepare(statement).await?;
        let mut tx = lease.begin().await?;
        (&mut *tx).execute("DELETE FROM items").await?;
        tx.commit().await?;
        drop(lease);

        let mut tx = $pool.begin().await?;
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'kept')")
            .await?;
        let mut rows = (&mut *tx).fetch("SELECT id FROM items UNION ALL SELECT 7");
        while rows.try_next().await?.is_some() {}
        drop(rows);
        let mut point = tx.begin().await?;
        (&mut *point)
            .execute("INSERT INTO items VALUES (2, 'kept')")
            .await?;
        point.commit().await?;
        let mut point = tx.begin().await?;
        (&mut *point)
            .execute("INSERT INTO items VALUES (3, 'undone')")
            .await?;
        point.rollback().await?;
        let mut point = tx.begin().await?;
        (&mut *point)
            .execute("INSERT INTO items VALUES (4, 'dropped')")
            .await?;
        drop(point);
        tx.commit().await?;

        let mut tx = $pool.begin().await?;
        (&mut *tx).execute("DELETE FROM items").await?;
        tx.rollback().await?;
        let mut rows = $pool.fetch("SELECT id FROM items");
        while rows.try_next().await?.is_some() {}
        drop(rows);
        $pool.fetch_optional("SELECT id FROM items").await?;
        $pool.fetch_all("SELECT id FROM items").await?;
        Ok(())
    }};
}

async fn by_wrapper<DB: MonitoredDb>(pool: &MonitoredPool<DB>) -> Result<(), sqlx::Error> {
    unit_of_work!(pool)
}

async fn by_driver(pool: &AnyPool) -> Result<(), sqlx::Error> {
    use sqlx::Acquire;
    unit_of_work!(pool)
}

/// Runs `attempt` in a request, with ever more polls until it gets ready. It is told how many, opens a pool, and closes it
/// again.
async fn at_each_await<DB: Engine>(
    fixture: &Fixture<DB>,
    more_steps: &[&str],
    attempt: impl AsyncFn(&Options<DB>, usize) -> bool,
) {
    let (items, detour) = (fixture.monitored(), Detour::to(fixture).await);
    let mut given_up = BTreeSet::new();
    for polls in 1..POLLS {
        items.execute("DELETE FROM items").await.unwrap();
        let recorder = Recorder::new();
        let mut request = EventTracker::in_context("request", recorder.context());
        let ready = request.scope(attempt(&detour.options, polls)).await;
        request.finish();

        add_up(&recorder, &ENDINGS);
        given_up.extend(steps_given_up(&recorder));
        let rows = items.fetch_all("SELECT id FROM items").await;
        let rows = rows.unwrap().len();
        assert!([0, 2].contains(&rows), "{rows} rows after {polls} polls");
        if ready {
            assert_eq!(rows, 2);
            assert!(
                recorder
                    .events()
                    .iter()
                    .all(|event| event.outcome() == "completed")
            );
            // SQLite may answer at once.
            if DB::SYSTEM != "sqlite" {
                let steps = STEPS.iter().chain(more_steps);
                assert_eq!(given_up, steps.map(|fp| (*fp).to_owned()).collect());
            }
            ledger_is_exact().await;
            return;
        }
    }
    panic!("never ready");
}

/// What was on its way when it was dropped; a transaction whose end was is given up itself.
fn steps_given_up(recorder: &Recorder) -> Vec<String> {
    let events = recorder.events();
    let given_up = events.iter().filter(|event| event.outcome() != "completed");
    for step in given_up.clone() {
        if ["sql-wtx-commit", "sql-wtx-rollback"].contains(&step.fp()) {
            let transaction = events.iter().find(|it| step.is_child_of(it)).unwrap();
            assert_eq!(transaction.outcome(), "cancelled", "{}", recorder.tree());
            // It was ended, and not forgotten.
            assert_eq!(transaction.get("uncommitted"), None);
            let forgotten = events.iter().any(|it| {
                it.fp() == "sql-wtx-rollback"
                    && it.is_child_of(transaction)
                    && it.get("implicit").is_some()
            });
            assert!(!forgotten, "{}", recorder.tree());
        }
    }
    given_up.map(|event| event.fp().to_owned()).collect()
}

async fn typed<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, &[OF_WRAPPER], async |options, polls| {
        let pool = typed_pool(fixture, options);
        let ready = poll_then_drop(polls, succeeds(by_wrapper(&pool))).await;
        left_whole(fixture, &pool).await;
        ready
    })
    .await;
}

async fn driver<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, &[OF_DRIVER], async |options, polls| {
        let pool = any_pool(fixture, options);
        let ready = poll_then_drop(polls, succeeds(by_driver(&pool))).await;
        left_whole(fixture, &pool).await;
        ready
    })
    .await;
}

async fn both<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, &[OF_WRAPPER, OF_DRIVER], async |options, polls| {
        let pool = any_pool(fixture, options).monitored();
        let ready = poll_then_drop(polls, succeeds(by_wrapper(&pool))).await;
        left_whole(fixture, &pool).await;
        ready
    })
    .await;
}

/// A unit of work that gets to its end ends well.
async fn succeeds(work: impl Future<Output = Result<(), sqlx::Error>>) {
    work.await.unwrap();
}

/// A pool that has opened nothing: connecting is a part of what is dropped.
fn typed_pool<DB: Engine>(fixture: &Fixture<DB>, options: &Options<DB>) -> MonitoredPool<DB> {
    let pool = fixture.pool.options().clone();
    pool.connect_lazy_with(options.clone()).monitored()
}

fn any_pool<DB: Engine>(fixture: &Fixture<DB>, options: &Options<DB>) -> AnyPool {
    install();
    let pool = AnyPoolOptions::new().max_connections(MAX_CONNECTIONS);
    pool.connect_lazy(&DB::url(fixture, options)).unwrap()
}

/// All connections come back, no transaction is open, and there is a connection for the next one.
async fn left_whole<DB: Engine, P: sqlx::Database>(fixture: &Fixture<DB>, pool: &sqlx::Pool<P>) {
    all_is_given_back(pool).await;
    nothing_is_open(fixture).await;
    let mut connection = pool.acquire().await.unwrap();
    connection.ping().await.unwrap();
    drop(connection);
    pool.close().await;
}

async fn holders<DB: Engine>(fixture: &Fixture<DB>) {
    let detour = Detour::to(fixture).await;
    let pool = fixture.pool.options().clone().acquire_timeout(SHORT);
    let pool = pool.connect_lazy_with(detour.options.clone());
    drop_often(&pool.monitored()).await;
}

async fn holders_of_both<DB: Engine>(fixture: &Fixture<DB>) {
    install();
    let detour = Detour::to(fixture).await;
    let pool = AnyPoolOptions::new().max_connections(MAX_CONNECTIONS);
    let pool = pool.acquire_timeout(SHORT);
    let pool = pool.connect_lazy(&DB::url(fixture, &detour.options));
    drop_often(&pool.unwrap().monitored()).await;
}

async fn drop_often<DB: MonitoredDb>(pool: &MonitoredPool<DB>) {
    let recorder = Recorder::new();
    for polls in 1..80 {
        // On a busy machine a connection may come too late for it.
        let work = async { drop(by_wrapper(pool).await) };
        recorder.scope(poll_then_drop(polls, work)).await;
        all_is_given_back(pool).await;
    }
    // Given up while there was none to be had.
    let mut taken = Vec::new();
    while taken.len() < MAX_CONNECTIONS as usize {
        taken.extend(recorder.scope(pool.acquire()).await);
    }
    assert!(!recorder.scope(poll_then_drop(1, by_wrapper(pool))).await);
    drop(taken);
    nobody_else_holds_one(pool).await;
    pool.close().await;
}

/// The wrapper cannot close what it has borrowed; the driver knows what has become of it.
async fn borrowed<DB: Engine>(fixture: &Fixture<DB>) {
    let detour = Detour::to(fixture).await;
    for polls in 1..POLLS {
        let pool = any_pool(fixture, &detour.options);
        let mut connection = pool.acquire().await.unwrap();
        let mut borrowed = monitor_conn::<sqlx::Any>(&mut connection);
        let ready = poll_then_drop(polls, borrowed.begin()).await;
        drop(borrowed);
        drop(connection);
        left_whole(fixture, &pool).await;
        if ready {
            return;
        }
    }
    panic!("never ready");
}

/// So that a pool that is exhausted soon says so.
const SHORT: Duration = Duration::from_secs(2);

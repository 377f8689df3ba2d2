//! A future dropped at each of its await points: polled n times, then dropped, for n = 0 until it is ready.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use gomon_core::testing::Recorder;
use gomon_sql::MonitoredPool;
use sqlx::{Acquire, Executor, Postgres};

use crate::engines::{Engine, Fixture, is_whole, on, on_each_engine, server};

on_each_engine! {
    a_dropped_begin_leaves_nothing_open => begin;
    a_dropped_commit_leaves_nothing_open => commit;
    a_dropped_rollback_leaves_nothing_open => rollback;
    a_dropped_savepoint_leaves_its_transaction_usable => savepoint;
    a_dropped_execute_leaves_nothing_open => execute;
    a_dropped_fetch_leaves_nothing_open => fetch;
    a_dropped_acquire_gives_back_what_it_got => acquire;
}

/// More than any of the futures needs.
const POLLS: usize = 200;

/// Polls `future` up to `polls` times, each time it is woken, then drops it. True if it got ready.
pub(crate) async fn poll_then_drop<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Runs `attempt` with ever more polls until it gets ready, then checks the database. Every attempt sends events with
/// one outcome each, and an attempt that is never polled sends none of `fp`.
async fn at_each_await<DB: Engine>(
    fixture: &Fixture<DB>,
    fp: &str,
    attempt: impl AsyncFn(&MonitoredPool<DB>, usize) -> bool,
) {
    let pool = fixture.monitored();
    let mut ready = false;
    for polls in 0..POLLS {
        let recorder = Recorder::new();
        ready = recorder.scope(attempt(&pool, polls)).await;
        let events = recorder.find(fp);
        match (polls, ready) {
            (0, _) => assert!(events.is_empty(), "never polled, and yet {events:?}"),
            (_, true) => assert!(
                events.iter().all(|event| event.outcome() == "completed"),
                "{events:?}"
            ),
            (_, false) => {
                assert!(
                    events
                        .iter()
                        .all(|event| ["cancelled", "truncated", "completed"]
                            .contains(&event.outcome())),
                    "{events:?}"
                )
            }
        }
        if ready {
            break;
        }
    }
    assert!(ready, "never ready");
    is_whole(fixture).await;
}

async fn begin<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, "conn-begintx", async |pool, polls| {
        poll_then_drop(polls, pool.begin()).await
    })
    .await;
}

async fn commit<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, "sql-wtx-commit", async |pool, polls| {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx).execute("DELETE FROM items").await.unwrap();
        poll_then_drop(polls, tx.commit()).await
    })
    .await;
}

async fn rollback<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let mut ready = false;
    for polls in 0..POLLS {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx).execute("DELETE FROM items").await.unwrap();
        ready = poll_then_drop(polls, tx.rollback()).await;
        if ready {
            break;
        }
    }
    assert!(ready, "the rollback came to its end");
    is_whole(fixture).await;
}

async fn savepoint<DB: Engine>(fixture: &Fixture<DB>) {
    // The events of interest are recorded apart, for their transaction has to be told from the others.
    at_each_await(fixture, "sql-savepoint", async |pool, polls| {
        pool.execute("DELETE FROM items").await.unwrap();
        let transaction = Recorder::new();
        let ready = transaction
            .scope(async {
                let mut tx = pool.begin().await.unwrap();
                let before = "INSERT INTO items VALUES (1, 'before')";
                (&mut *tx).execute(before).await.unwrap();
                let ready = poll_then_drop(polls, tx.begin()).await;
                let after = "INSERT INTO items VALUES (2, 'after')";
                (&mut *tx).execute(after).await.unwrap();
                tx.commit().await.unwrap();
                ready
            })
            .await;

        let points = transaction.find("sql-savepoint");
        assert_eq!(points.is_empty(), polls == 0, "{points:?}");
        let expected = ["cancelled", "completed"];
        assert!(
            points
                .iter()
                .all(|point| expected.contains(&point.outcome()))
        );
        // sqlx may have lost the transaction with the savepoint; then the events must not say that all is well.
        let rows = pool.fetch_all("SELECT id FROM items").await.unwrap().len();
        for fp in ["conn-begintx", "sql-wtx-commit"] {
            let event = transaction.one(fp);
            let told = event.outcome() == "completed";
            assert_eq!(told, rows == 2, "{rows} rows and {event:?}");
            assert_eq!(told, event.get("aborted").is_none(), "{event:?}");
        }
        if DB::SYSTEM == "postgresql" && polls > 0 && !ready {
            assert_eq!(
                rows, 1,
                "sqlx has mended it: nothing is lost with a dropped savepoint"
            );
        }
        ready
    })
    .await;
}

async fn execute<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, "sql-wstmt-execctx", async |pool, polls| {
        poll_then_drop(polls, pool.execute("DELETE FROM items")).await
    })
    .await;
}

async fn fetch<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, "sql-wconn-queryctx", async |pool, polls| {
        poll_then_drop(polls, pool.fetch_all("SELECT id FROM items")).await
    })
    .await;
}

async fn acquire<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, "sql-wlease", async |pool, polls| {
        poll_then_drop(polls, pool.acquire()).await
    })
    .await;
}

/// The control: what the wrapper guards against is there. Where sqlx mends it, this test says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_sqlx_leaves_a_transaction_open_on_postgresql() {
    if server("GOMON_TEST_POSTGRES_URL").is_none() {
        return;
    }
    on::<Postgres, _>(async |fixture| {
        // An answer may be there at the first poll, which leaves no await to be dropped at: try again.
        let mut left_open = None;
        for attempt in 0..POLLS {
            let polls = 1 + attempt % 3;
            let mut connection = fixture.pool.acquire().await.unwrap();
            let ready = poll_then_drop(polls, Acquire::begin(&mut *connection)).await;
            // As the pool does with a connection that is given back: reads the answer that is on its way.
            sqlx::Connection::ping(&mut *connection).await.unwrap();
            if !ready && Postgres::open_transactions(fixture).await > 0 {
                left_open = Some(polls);
            }
            connection.close().await.unwrap();
            if left_open.is_some() {
                break;
            }
        }
        println!("plain sqlx leaves a transaction open where begin() is dropped after polls: {left_open:?}");
        assert!(
            left_open.is_some(),
            "sqlx has mended it: the guard round BEGIN can go"
        );
    })
    .await;
}

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
    for polls in 0..POLLS {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx).execute("DELETE FROM items").await.unwrap();
        if poll_then_drop(polls, tx.rollback()).await {
            break;
        }
    }
    is_whole(fixture).await;
}

async fn savepoint<DB: Engine>(fixture: &Fixture<DB>) {
    at_each_await(fixture, "sql-savepoint", async |pool, polls| {
        let mut tx = pool.begin().await.unwrap();
        let ready = match poll_then_drop(polls, tx.begin()).await {
            // Dropped when it was ready: rolled back, which is an event too.
            true => true,
            false => {
                (&mut *tx).execute("SELECT id FROM items").await.unwrap();
                false
            }
        };
        tx.commit().await.unwrap();
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
        let mut left_open = Vec::new();
        for polls in 1..POLLS {
            let mut connection = fixture.pool.acquire().await.unwrap();
            let ready = poll_then_drop(polls, Acquire::begin(&mut *connection)).await;
            // Gives the answer time to arrive, as the pool's own check of a returned connection does.
            sqlx::Connection::ping(&mut *connection).await.unwrap();
            if !ready && Postgres::open_transactions(fixture).await > 0 {
                left_open.push(polls);
            }
            connection.close().await.unwrap();
            if ready {
                break;
            }
        }
        println!("plain sqlx leaves a transaction open after these numbers of polls of begin(): {left_open:?}");
        assert!(!left_open.is_empty(), "sqlx has mended it: the guard round BEGIN can go");
    })
    .await;
}

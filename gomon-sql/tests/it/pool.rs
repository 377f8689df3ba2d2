//! Waiting for a pool, leases, and what an event's parent is.

use std::time::Duration;

use gomon_core::testing::{Recorder, assert_no_orphans, assert_queries, assert_tree};
use gomon_core::{EventTracker, FutureExt};
use gomon_sql::PoolExt;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Executor, Sqlite};

use crate::engines::{Fixture, on};

#[tokio::test]
async fn a_full_pool_times_out() {
    let options = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(50));
    let pool = options
        .connect("sqlite::memory:")
        .await
        .unwrap()
        .monitored();
    let held = pool.acquire().await.unwrap();
    let recorder = Recorder::new();
    let refused = recorder
        .scope(async {
            assert!(pool.try_acquire().is_none());
            assert!(pool.try_begin().await.unwrap().is_none());
            pool.begin().await
        })
        .await;

    assert!(matches!(refused, Err(sqlx::Error::PoolTimedOut)));
    let wait = recorder.one("sql-wpool-acquire");
    assert_eq!(wait.outcome(), "timed-out");
    assert_eq!(
        (&wait["size"], &wait["idle"], &wait["waiting"]),
        (&1.into(), &0.into(), &1.into())
    );
    assert!(
        recorder.find("conn-begintx").is_empty(),
        "nothing was begun"
    );
    drop(held);
}

#[tokio::test]
async fn a_lease_ends_when_the_connection_is_given_back() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let connection = recorder.scope(pool.acquire()).await.unwrap();
        assert!(recorder.find("sql-wlease").is_empty());
        drop(connection);
        assert_eq!(recorder.one("sql-wlease").outcome(), "completed");
    })
    .await;
}

#[tokio::test]
async fn a_lease_ends_when_the_connection_leaves_the_pool() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let lease = recorder.scope(pool.acquire()).await.unwrap();
        let _: &sqlx::SqliteConnection = lease.as_ref();
        let mut detached = lease.detach();
        assert_eq!(recorder.one("sql-wlease").outcome(), "completed");
        detached.execute("SELECT 1").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn on_a_task_without_a_context_an_event_is_an_orphan() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        recorder.scope(pool.execute("SELECT 1")).await.unwrap();
        let statement = recorder.one("sql-wstmt-execctx");
        assert!(
            statement.get("orphan").is_none(),
            "no task, no cause to lose"
        );

        recorder.clear();
        let lost = {
            let pool = pool.clone();
            async move { pool.execute("SELECT 1").await }
        };
        let task = tokio::spawn(lost.in_context(recorder.context()));
        task.await.unwrap().unwrap();
        assert_eq!(recorder.one("sql-wstmt-execctx")["orphan"], true);

        recorder.clear();
        let mut request = EventTracker::in_context("request", recorder.context());
        request.scope(pool.execute("SELECT 1")).await.unwrap();
        request.finish();
        let statement = recorder.one("sql-wstmt-execctx");
        assert!(statement.get("orphan").is_none());
        assert!(statement.is_child_of(&recorder.one("request")));
    })
    .await;
}

#[tokio::test]
async fn a_statement_belongs_to_the_place_that_built_it() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let mut builder = EventTracker::in_context("builder", recorder.context());
        let mut poller = EventTracker::in_context("poller", recorder.context());

        // Built inside an event, polled inside another one.
        let statement = builder.enter(|| pool.execute("SELECT 1"));
        poller.scope(statement).await.unwrap();
        // Built outside of any, polled inside one.
        let statement = pool.fetch_all("SELECT 1");
        poller.scope(statement).await.unwrap();
        builder.finish();
        poller.finish();

        assert!(
            recorder
                .one("sql-wstmt-execctx")
                .is_child_of(&recorder.one("builder"))
        );
        assert!(
            recorder
                .one("sql-wconn-queryctx")
                .is_child_of(&recorder.one("poller"))
        );
    })
    .await;
}

#[tokio::test]
async fn in_a_spawned_task_with_context_nothing_is_an_orphan() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let mut request = EventTracker::in_context("request", recorder.context());
        let task = request.enter(|| {
            let work = async move { pool.execute("SELECT 1").await.unwrap() };
            tokio::spawn(work.in_current())
        });
        task.await.unwrap();
        request.finish();
        assert_no_orphans!(recorder);
        assert_tree!(
            recorder,
            "
            request
              (any order)
              sql-wstmt-execctx
              sql-wpool-acquire
            "
        );
    })
    .await;
}

#[tokio::test]
async fn statements_for_each_row_of_another_are_counted_and_told_apart() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let mut cart = EventTracker::in_context("cart", recorder.context());
        let load = async {
            for id in 1..=4 {
                let row = sqlx::query("SELECT name FROM items WHERE id = ?").bind(id);
                row.fetch_optional(&pool).await.unwrap();
            }
            pool.execute("DELETE FROM items").await.unwrap();
        };
        cart.scope(load).await;
        cart.finish();
        assert_queries!(recorder, == 5);
        assert_queries!(recorder, == 4, of "SELECT items");
        let listed = recorder.queries().to_string();
        let first = "    4 x SELECT items  <- N+1? 4 in one cart\n";
        assert!(listed.starts_with(first), "{listed}");
        assert!(listed.contains("WHERE id = ?\n"), "{listed}");
    })
    .await;
}

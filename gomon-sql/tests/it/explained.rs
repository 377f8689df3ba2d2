//! Plans of slow statements.

use std::time::Duration;

use futures_util::TryStreamExt;
use gomon_core::Capture;
use gomon_core::mask::Detectors;
use gomon_core::testing::Recorder;
use gomon_sql::{MonitoredPool, PoolExt, SqlConfig};
use sqlx::{Executor, IntoArguments, MySql, Postgres, Sqlite};

use crate::engines::{Engine, Fixture, on};

/// Everything is slow, and anything may be explained.
fn config() -> SqlConfig {
    SqlConfig::new()
        .slow_after(Duration::ZERO)
        .explain_slow(Duration::ZERO)
}

fn pool<DB: Engine>(fixture: &Fixture<DB>, config: SqlConfig) -> MonitoredPool<DB> {
    fixture.pool.clone().monitored_with(config)
}

/// Runs a query with a value in its text and one bound, and returns its plan.
async fn plan_of<DB: Engine>(fixture: &Fixture<DB>, config: SqlConfig, sql: &'static str) -> String
where
    for<'q> &'q str: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c MonitoredPool<DB>: Executor<'c, Database = DB>,
{
    let pool = pool(fixture, config);
    let recorder = Recorder::new();
    let query = sqlx::query::<DB>(sql).bind("hunter2");
    recorder.scope(query.fetch_all(&pool)).await.unwrap();
    let explained = explained(&recorder).await;
    let query = recorder.one("sql-wconn-queryctx");
    assert!(explained.is_child_of(&query), "{explained}");
    assert_eq!(explained.outcome(), "completed", "{explained}");
    assert_eq!(explained["digest"], query["digest"]);
    assert_eq!(explained["system"], DB::SYSTEM);
    assert_eq!(
        recorder.find("sql-wpool-acquire").len(),
        1,
        "it has a connection of its own"
    );
    assert!(
        recorder.find("driver-open").is_empty(),
        "which is no work of the program"
    );
    explained["plan"].as_str().unwrap().to_owned()
}

/// The event, which comes when it comes.
async fn explained(recorder: &Recorder) -> gomon_core::testing::Recorded {
    for _ in 0..500 {
        if let Some(event) = recorder.find("sql-explain").pop() {
            return event;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was explained");
}

#[tokio::test]
async fn each_engine_explains_what_was_slow() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let sql = "SELECT name FROM items WHERE id > 4711 AND name = ?";
        let plan = plan_of(fixture, config(), sql).await;
        assert!(
            plan.contains("SEARCH items USING INTEGER PRIMARY KEY"),
            "{plan}"
        );
    })
    .await;
    on::<MySql, _>(async |fixture: &Fixture<MySql>| {
        let sql = "SELECT name FROM items WHERE id > 4711 AND name = ?";
        let plan = plan_of(fixture, config(), sql).await;
        assert!(plan.contains("table=items"), "{plan}");
    })
    .await;
}

#[tokio::test]
async fn values_in_a_plan_are_hidden_unless_they_are_captured() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let sql = "SELECT name FROM items WHERE id > 4711 AND name = $1";
        let hidden = plan_of(fixture, config(), sql).await;
        assert!(hidden.contains("on items (cost="), "{hidden}");
        assert!(hidden.contains("name = ?"), "{hidden}");
        let shown = config().capture(Capture::full());
        let shown = plan_of(fixture, shown, sql).await;
        assert!(
            shown.contains("4711") && shown.contains("hunter2"),
            "{shown}"
        );
        assert!(
            !hidden.contains("4711") && !hidden.contains("hunter2"),
            "{hidden}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_detectors_find_in_a_plan_is_hidden() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let capture = Capture::full().with_detectors(Detectors::all());
        let sql = "SELECT id FROM items WHERE name <> 'ann@example.com' AND name = $1";
        let plan = plan_of(fixture, config().capture(capture), sql).await;
        assert!(plan.contains("hunter2") && !plan.contains("ann@"), "{plan}");
    })
    .await;
}

#[tokio::test]
async fn writes_and_what_is_not_slow_are_never_explained() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = pool(fixture, config());
        let fast = config().slow_after(Duration::from_secs(3600));
        let fast = fixture.pool.clone().monitored_with(fast);
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let insert = "INSERT INTO items (name) SELECT name FROM items";
                pool.execute(insert).await.unwrap();
                let returning = "INSERT INTO items (name) VALUES ('a') RETURNING id";
                pool.fetch_all(returning).await.unwrap();
                pool.execute("SELECT 1; SELECT 2").await.unwrap();
                fast.execute("SELECT name FROM items").await.unwrap();
            })
            .await;
        // What is explained next comes after all that might have been.
        let query = sqlx::query("SELECT id FROM items");
        recorder.scope(query.fetch_all(&pool)).await.unwrap();
        let event = explained(&recorder).await;
        assert_eq!(event["summary"], "SELECT items");
        assert_eq!(recorder.find("sql-explain").len(), 1);
    })
    .await;
}

/// MySQL and MariaDB call a function while they plan, where a subquery in `FROM` has no table of its own; PostgreSQL calls one
/// that says that its answer is always the same.
#[tokio::test]
async fn what_planning_would_write_is_not_written() {
    on::<MySql, _>(async |fixture: &Fixture<MySql>| {
        let functions = ["CREATE FUNCTION count_up() RETURNS INT MODIFIES SQL DATA \
             BEGIN INSERT INTO items SELECT count(*) + 1, 'counted' FROM items; RETURN 1; END"];
        let sql = "SELECT * FROM (SELECT count_up()) AS counted";
        writes_once(fixture, &functions, sql).await;
    })
    .await;
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let functions = [
            "CREATE FUNCTION count_up() RETURNS int LANGUAGE sql AS \
             $$ INSERT INTO items SELECT count(*) + 1, 'counted' FROM items RETURNING 1 $$",
            "CREATE FUNCTION constant() RETURNS int LANGUAGE plpgsql IMMUTABLE AS \
             $$ BEGIN RETURN count_up(); END $$",
        ];
        writes_once(fixture, &functions, "SELECT constant()").await;
    })
    .await;
}

async fn writes_once<DB: Engine>(
    fixture: &Fixture<DB>,
    functions: &[&'static str],
    sql: &'static str,
) {
    for function in functions {
        fixture.monitored().execute(*function).await.unwrap();
    }
    let pool = pool(fixture, config());
    let recorder = Recorder::new();
    recorder.scope(pool.fetch_all(sql)).await.unwrap();
    assert_eq!(explained(&recorder).await["system"], DB::SYSTEM);
    let items = fixture.monitored().fetch_all("SELECT id FROM items").await;
    assert_eq!(items.unwrap().len(), 1, "the query's own");
}

#[tokio::test]
async fn no_more_are_explained_than_was_asked_for() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let config = config().explain_slow(Duration::from_secs(3600));
        let pool = pool(fixture, config);
        let recorder = Recorder::new();
        recorder
            .scope(async {
                for sql in ["SELECT id FROM items", "SELECT name FROM items"] {
                    pool.fetch_all(sql).await.unwrap();
                }
            })
            .await;
        explained(&recorder).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(recorder.find("sql-explain").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_explained_unless_it_is_asked_for() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let config = SqlConfig::new().slow_after(Duration::ZERO);
        let pool = pool(fixture, config);
        let recorder = Recorder::new();
        let query = sqlx::query("SELECT id FROM items");
        recorder.scope(query.fetch_all(&pool)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(recorder.find("sql-explain").is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_explanation_that_fails_says_so() {
    on::<Sqlite, _>(async |_: &Fixture<Sqlite>| {
        // Another connection does not see it.
        let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
        let pool = options.connect("sqlite::memory:").await.unwrap();
        pool.execute("CREATE TEMPORARY TABLE elsewhere (id INTEGER)")
            .await
            .unwrap();
        let pool = pool.monitored_with(config());
        let recorder = Recorder::new();
        let query = sqlx::query("SELECT id FROM elsewhere");
        recorder.scope(query.fetch_all(&pool)).await.unwrap();
        let event = explained(&recorder).await;
        assert_eq!(event.outcome(), "failed");
        assert_eq!(event.get("plan"), None);
    })
    .await;
}

#[test]
fn what_is_dropped_outside_of_the_runtime_is_not_explained_and_harms_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let recorder = Recorder::new();
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let pool = runtime
        .block_on(options.connect("sqlite::memory:"))
        .unwrap();
    let pool = pool.monitored_with(config());
    let mut rows = sqlx::query("SELECT 1 UNION ALL SELECT 2").fetch(&pool);
    runtime.block_on(recorder.scope(rows.try_next())).unwrap();
    let _entered = runtime.enter(); // sqlx gives a connection back by a task
    drop(rows);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(recorder.one("sql-wconn-queryctx").outcome(), "truncated");
    assert!(recorder.find("sql-explain").is_empty());
}

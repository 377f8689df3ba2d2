//! An `AnyPool` on the monitored driver that is also `.monitored()`: everything is reported once, with what both know.

use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{Capture, Context, FutureExt};
use gomon_sql::{MonitoredAnyPool, PoolExt, SqlConfig};
use sqlx::any::AnyPoolOptions;
use sqlx::{Connection, Executor, Row};

use crate::any_driver::{install, urls};

/// A pool of one connection that is opened inside a test's recorder.
async fn open(recorder: &Recorder, url: &str) -> MonitoredAnyPool {
    install();
    let options = AnyPoolOptions::new().max_connections(1);
    let pool = options.connect_lazy(url).unwrap();
    let config = SqlConfig::new().capture(Capture::full());
    recorder.run(|| pool.monitored_with(config))
}

fn only<'a>(events: &'a [Recorded], summary: &str) -> &'a Recorded {
    let mut of_summary = events.iter().filter(|event| event["summary"] == summary);
    let found = of_summary.next().expect(summary);
    assert!(of_summary.next().is_none(), "{summary} is reported twice");
    found
}

#[tokio::test]
async fn each_statement_is_reported_once_with_its_connection_and_its_caller() {
    for (url, system) in urls() {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        let postgres = system == "postgresql";
        let insert = match postgres {
            true => "INSERT INTO wrapped (id, name) VALUES ($1, $2)",
            false => "INSERT INTO wrapped (id, name) VALUES (?, ?)",
        };
        let line = recorder
            .scope(async {
                let mut lease = pool.acquire().await.unwrap();
                let create =
                    "CREATE TEMPORARY TABLE wrapped (id INTEGER PRIMARY KEY, name VARCHAR(100))";
                lease.execute(create).await.unwrap();
                drop(lease);
                while pool.num_idle() == 0 {
                    tokio::task::yield_now().await;
                }
                let query = sqlx::query(insert).bind(7).bind("hunter2");
                query.execute(pool.here()).await.unwrap();
                let line = line!() - 1;
                let rows = sqlx::query("SELECT id, name FROM wrapped").fetch_all(&pool);
                assert_eq!(rows.await.unwrap().len(), 1);
                line
            })
            .await;

        recorder.scope(pool.close()).await;
        let connection = recorder.one("sql-wconn");
        assert_eq!(
            (&connection["queries"], &connection["errors"]),
            (&3.into(), &0.into())
        );
        let statements = recorder.queries();
        let statements: Vec<_> = statements.iter().cloned().collect();
        let created = only(&statements, "CREATE TABLE wrapped");
        let inserted = only(&statements, "INSERT wrapped");
        let selected = only(&statements, "SELECT wrapped");
        for statement in [created, inserted, selected] {
            assert_eq!(statement["system"], system);
            assert_eq!(statement["conn"], connection.id(), "{statement}");
        }
        let lease = recorder.one("sql-wlease");
        assert!(created.is_child_of(&lease));
        assert_eq!(lease["conn"], connection.id());
        assert_eq!(
            (&connection["leases"], &connection["last-lease"]),
            (&1.into(), &lease.id().into())
        );
        assert_eq!(inserted["caller"], format!("{}:{line}", file!()));
        assert_eq!(inserted["params"], serde_json::json!([7, "hunter2"]));
        assert_eq!(
            (&inserted["rows-aff"], &selected["rows-returned"]),
            (&1.into(), &1.into())
        );

        recorder.scope(pool.close()).await;
        let closed = recorder.one("sql-wconn");
        assert_eq!(
            (&closed["queries"], &closed["errors"]),
            (&3.into(), &0.into())
        );
    }
}

#[tokio::test]
async fn a_lease_that_is_not_recorded_is_none_of_its_connections() {
    let recorder = Recorder::new();
    let pool = open(&recorder, "sqlite::memory:").await;
    let seen = async { drop(pool.acquire().await.unwrap()) };
    recorder.scope(seen).await;
    let unseen = async { drop(pool.acquire().await.unwrap()) };
    unseen.in_context(Context::unmonitored()).await;
    recorder.scope(pool.close()).await;
    let (connection, lease) = (recorder.one("sql-wconn"), recorder.one("sql-wlease"));
    assert_eq!(connection["leases"], 1);
    assert_eq!(connection["last-lease"], lease.id());
}

#[tokio::test]
async fn a_close_that_fails_is_told_once() {
    let postgres = |(_, system): &(String, &str)| *system == "postgresql";
    let Some((url, _)) = urls().into_iter().find(postgres) else {
        return;
    };
    // What is written to a server that has just hung up may go well.
    for _ in 0..100 {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        let work = async {
            let mut lease = pool.acquire().await.unwrap();
            let id = lease.fetch_one("SELECT pg_backend_pid()").await;
            let end = sqlx::query("SELECT pg_terminate_backend($1)");
            let end = end.bind(id.unwrap().get::<i32, _>(0));
            let mut admin = sqlx::PgConnection::connect(&url).await.unwrap();
            end.execute(&mut admin).await.unwrap();
            let _hung_up = lease.execute("SELECT 1").await;
            lease.close().await.is_err()
        };
        let failed = recorder.scope(work).await;
        let told = recorder.find("conn-close").len();
        assert_eq!(told, usize::from(failed), "{}", recorder.tree());
        if failed {
            return;
        }
    }
    panic!("it always goes well");
}

#[tokio::test]
async fn each_transaction_is_reported_once() {
    for (url, system) in urls() {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        recorder
            .scope(async {
                let mut tx = pool.begin().await.unwrap();
                let mut inner = tx.begin().await.unwrap();
                inner.execute("SELECT 1").await.unwrap();
                inner.rollback().await.unwrap();
                drop(tx.begin().await.unwrap());
                tx.execute("SELECT nothing_at_all").await.unwrap_err();
                drop(tx);
                pool.execute("SELECT 2").await.unwrap();
                pool.begin().await.unwrap().commit().await.unwrap();
            })
            .await;

        let transactions = recorder.find("conn-begintx");
        assert_eq!(transactions.len(), 2, "{system}");
        assert_eq!(transactions[0]["statements"], 2);
        assert!(transactions.iter().all(|it| it["system"] == system));
        assert!(transactions.iter().all(|it| it.get("conn").is_some()));
        let savepoints = recorder.find("sql-savepoint");
        let savepoints: Vec<_> = savepoints.iter().map(|it| &it["summary"]).collect();
        let each = ["SAVEPOINT", "ROLLBACK TO SAVEPOINT"];
        assert_eq!(savepoints, [each, each].concat(), "{system}");
        assert_eq!(recorder.one("sql-wtx-rollback")["implicit"], true);
        assert!(recorder.one("sql-wtx-commit").is_child_of(&transactions[1]));
        let statements = recorder.queries();
        assert_eq!(statements.iter().count(), 3, "{system}");
        let failed = statements.iter().find(|it| it.outcome() == "failed");
        let failed = failed.expect("one failed");
        assert!(failed.is_child_of(&transactions[0]));
        assert!(failed["code"].is_string(), "{failed}");

        recorder.scope(pool.close()).await;
        let closed = recorder.one("sql-wconn");
        assert_eq!(
            (&closed["queries"], &closed["errors"]),
            (&3.into(), &1.into())
        );
    }
}

#[tokio::test]
async fn a_statement_that_is_prepared_or_streamed_is_reported_once() {
    use futures_util::TryStreamExt;
    use sqlx::Statement;

    for (url, system) in urls() {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        recorder
            .scope(async {
                let prepared = pool
                    .prepare(sqlx::SqlStr::from_static("SELECT 1"))
                    .await
                    .unwrap();
                prepared.query().fetch_one(&pool).await.unwrap();
                let mut rows = sqlx::query("SELECT 2 UNION ALL SELECT 3").fetch(&pool);
                rows.try_next().await.unwrap();
            })
            .await;
        assert_eq!(recorder.find("conn-prepare").len(), 1, "{system}");
        let statements = recorder.find("sql-wconn-queryctx");
        let outcomes: Vec<_> = statements.iter().map(Recorded::outcome).collect();
        assert_eq!(outcomes, ["completed", "truncated"], "{system}");
        assert!(recorder.find("sql-wstmt-execctx").is_empty());
    }
}

#[tokio::test]
async fn waiting_and_connecting_are_told_apart_without_a_callback() {
    for (url, system) in urls() {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        recorder
            .scope(async {
                drop(pool.acquire().await.unwrap());
                drop(pool.acquire().await.unwrap());
            })
            .await;
        let waits = recorder.find("sql-wpool-acquire");
        assert!(waits[0]["connect"].as_u64().unwrap() > 0, "{system}");
        assert_eq!(waits[1].get("connect"), None, "{system}");
        let opened = recorder.one("driver-open");
        assert_eq!(opened.parent(), waits[0].parent());
    }
}

#[tokio::test]
async fn what_gomon_asks_the_driver_for_is_no_work_of_the_program() {
    install();
    let recorder = Recorder::new();
    let options = AnyPoolOptions::new().max_connections(1);
    let config = SqlConfig::new()
        .slow_after(std::time::Duration::ZERO)
        .explain_slow(std::time::Duration::ZERO);
    let pool = options.connect_lazy("sqlite::memory:").unwrap();
    let pool = pool.monitored_with(config);
    recorder
        .scope(sqlx::query("SELECT 1").fetch_all(&pool))
        .await
        .unwrap();
    for _ in 0..500 {
        if !recorder.find("sql-explain").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let explained = recorder.one("sql-explain");
    assert_eq!(explained["system"], "sqlite");
    assert!(explained["plan"].is_string(), "{explained}");
    assert_eq!(recorder.find("driver-open").len(), 1);
    assert_eq!(recorder.queries().iter().count(), 1);
}

#[tokio::test]
async fn a_value_for_a_column_with_a_secrets_name_is_hidden() {
    install();
    let recorder = Recorder::new();
    let pool = open(&recorder, "sqlite::memory:").await;
    recorder
        .scope(async {
            let table = "CREATE TABLE people (name TEXT, password TEXT)";
            pool.execute(table).await.unwrap();
            let insert = "INSERT INTO people (name, password) VALUES (?, ?)";
            let insert = sqlx::query(insert).bind("ann").bind("hunter2");
            insert.execute(&pool).await.unwrap();
            let find = "SELECT name FROM people WHERE password = ? AND name = ?";
            let find = sqlx::query(find).bind("hunter2").bind("ann");
            find.fetch_all(&pool).await.unwrap();
        })
        .await;
    let inserted = recorder.find("sql-wstmt-execctx");
    let inserted = inserted.last().unwrap();
    assert_eq!(inserted["params"], serde_json::json!(["ann", "[redacted]"]));
    let found = recorder.one("sql-wconn-queryctx");
    assert_eq!(found["params"], serde_json::json!(["[redacted]", "ann"]));
}

//! The driver for `AnyPool`, on SQLite always, and on PostgreSQL and MySQL where the environment names a server.

use std::net::TcpListener;
use std::sync::Once;
use std::time::Duration;

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use gomon_core::{EventTracker, FutureExt};
use gomon_sql::{MonitoredDriver, RegisterError};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor, SqlStr, Statement};

use crate::engines::server;

/// Drivers are installed once in a process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| MonitoredDriver::auto_register().unwrap());
}

/// A pool of one connection with the temporary table `items`, opened inside a test's recorder.
async fn open(recorder: &Recorder, url: &str) -> AnyPool {
    install();
    let options = AnyPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false);
    let pool = recorder.scope(options.connect(url)).await.unwrap();
    let table = "CREATE TEMPORARY TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(100))";
    recorder.scope(pool.execute(table)).await.unwrap();
    pool
}

/// The URL of each engine there is, with what `system` says of it.
pub(crate) fn urls() -> Vec<(String, &'static str)> {
    let mut urls = vec![("sqlite::memory:".to_owned(), "sqlite")];
    urls.extend(server("GOMON_TEST_POSTGRES_URL").map(|url| (url, "postgresql")));
    urls.extend(server("GOMON_TEST_MYSQL_URL").map(|url| (url, "mysql")));
    urls
}

/// Runs work inside an event, as a request would.
async fn request<T>(recorder: &Recorder, work: impl Future<Output = T>) -> T {
    let mut request = EventTracker::in_context("request", recorder.context());
    request.scope(work).await
}

#[test]
fn drivers_are_registered_once() {
    install();
    let again = MonitoredDriver::register(&[MonitoredDriver::of::<sqlx::Sqlite>()]);
    assert_eq!(again, Err(RegisterError::AlreadyInstalled));
    assert!(
        again
            .unwrap_err()
            .to_string()
            .contains("install_default_drivers")
    );
    assert_eq!(
        MonitoredDriver::register(&[]),
        Err(RegisterError::NoDrivers)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scheme_is_monitored() {
    for (url, system) in urls() {
        for url in [format!("monitored-{url}"), url] {
            let recorder = Recorder::new();
            let pool = open(&recorder, &url).await;
            pool.close().await;

            let opened = recorder.one("driver-open");
            assert_eq!(
                (opened.outcome(), &opened["driver"]),
                ("completed", &system.into())
            );
            assert!(!opened["dsn"].as_str().unwrap().starts_with("monitored-"));
            let life = recorder.wait_for("sql-wconn", 1).remove(0);
            assert_eq!((&life["queries"], &life["errors"]), (&1.into(), &0.into()));
            let opening = recorder
                .records()
                .into_iter()
                .find(|record| record.is_open())
                .unwrap();
            assert_eq!((opening.fp(), opening.id()), ("sql-wconn", life.id()));
            assert!(!opening.is_child_of(&opened), "it outlives what opened it");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_are_told_with_what_they_return() {
    for (url, system) in urls() {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        recorder.clear();
        let insert = if system == "postgresql" {
            "INSERT INTO items VALUES ($1, $2)"
        } else {
            "INSERT INTO items VALUES (?, ?)"
        };
        request(&recorder, async {
            sqlx::query(insert)
                .bind(1)
                .bind("a")
                .execute(&pool)
                .await
                .unwrap();
            sqlx::query(insert)
                .bind(1)
                .bind("a")
                .execute(&pool)
                .await
                .unwrap_err();
            sqlx::query("SELECT name FROM items")
                .fetch_one(&pool)
                .await
                .unwrap();
            let all = sqlx::query("SELECT name FROM items UNION ALL SELECT 'b'")
                .fetch_all(&pool)
                .await
                .unwrap();
            assert_eq!(all.len(), 2);
            let mut half = sqlx::query("SELECT name FROM items UNION ALL SELECT 'b'").fetch(&pool);
            half.try_next().await.unwrap();
        })
        .await;
        pool.close().await;

        let [good, bad] = &recorder.find("sql-wstmt-execctx")[..] else {
            panic!("{}", recorder.tree())
        };
        assert_eq!(
            (&good["rows-aff"], &good["params-count"], &good["system"]),
            (&1.into(), &2.into(), &system.into())
        );
        assert!(
            good.get("params").is_none(),
            "bound values are taken only when asked for"
        );
        assert_eq!(
            (bad.outcome(), bad["error"][0]["type"].as_str()),
            ("failed", Some("Database"))
        );
        let queries = recorder.find("sql-wconn-queryctx");
        let outcomes: Vec<_> = queries.iter().map(|query| query.outcome()).collect();
        assert_eq!(outcomes, ["completed", "completed", "truncated"]);
        let life = recorder.wait_for("sql-wconn", 1).remove(0);
        let request = recorder.one("request");
        for statement in queries.iter().chain([good, bad]) {
            assert!(statement.is_child_of(&request));
            assert_eq!(statement["conn"].as_str().unwrap(), life.id().to_string());
        }
        assert_eq!((&life["queries"], &life["errors"]), (&6.into(), &1.into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_are_told_with_their_fate() {
    for (url, system) in urls() {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        recorder.clear();
        request(&recorder, async {
            // A commit, with a savepoint kept and one dropped.
            let mut tx = pool.begin().await.unwrap();
            let mut kept = sqlx::Acquire::begin(&mut tx).await.unwrap();
            (&mut *kept)
                .execute("INSERT INTO items VALUES (1, 'a')")
                .await
                .unwrap();
            kept.commit().await.unwrap();
            let undone = sqlx::Acquire::begin(&mut tx).await.unwrap();
            drop(undone);
            tx.commit().await.unwrap();
            // A rollback, and a drop.
            pool.begin().await.unwrap().rollback().await.unwrap();
            drop(pool.begin().await.unwrap());
            // A commit after a failure.
            let mut tx = pool.begin().await.unwrap();
            (&mut *tx)
                .execute("INSERT INTO items VALUES (1, 'again')")
                .await
                .unwrap_err();
            tx.commit().await.unwrap();
        })
        .await;
        pool.close().await;

        let request = recorder.one("request");
        let transactions = recorder.find("conn-begintx");
        assert!(transactions.iter().all(|it| it.get("conn").is_some()));
        assert!(
            transactions
                .iter()
                .all(|transaction| transaction.is_child_of(&request))
        );
        let outcomes: Vec<_> = transactions
            .iter()
            .map(|transaction| transaction.outcome())
            .collect();
        let last = if system == "postgresql" {
            "failed"
        } else {
            "completed"
        };
        assert_eq!(outcomes, ["completed", "completed", "completed", last]);
        let commits = recorder.find("sql-wtx-commit");
        assert_eq!(commits.len(), 2);
        assert_eq!(commits[1].get("aborted").is_some(), system == "postgresql");
        let rollbacks = recorder.find("sql-wtx-rollback");
        assert_eq!(rollbacks.len(), 2);
        assert_eq!(rollbacks[1]["implicit"], true);
        let points = recorder.find("sql-savepoint");
        let summaries: Vec<_> = points
            .iter()
            .map(|point| point["summary"].as_str().unwrap())
            .collect();
        assert_eq!(
            summaries,
            [
                "SAVEPOINT",
                "RELEASE SAVEPOINT",
                "SAVEPOINT",
                "ROLLBACK TO SAVEPOINT"
            ]
        );
        assert!(
            points
                .iter()
                .all(|point| point.is_child_of(&transactions[0]))
        );
        assert!(recorder.find("sql-wstmt-execctx")[0].is_child_of(&transactions[0]));
    }
}

#[tokio::test]
async fn an_orphan_is_a_child_of_its_connection() {
    let recorder = Recorder::new();
    let pool = open(&recorder, "sqlite::memory:").await;
    let prepare = {
        let pool = pool.clone();
        async move {
            let mut connection = pool.acquire().await.unwrap();
            connection
                .prepare(sqlx::SqlStr::from_static("SELECT 1"))
                .await
                .unwrap();
        }
    };
    let task = tokio::spawn(prepare.in_context(recorder.context()));
    task.await.unwrap();
    pool.close().await;

    let prepare = recorder.one("conn-prepare");
    assert_eq!(prepare["orphan"], true);
    assert!(prepare.is_child_of(&recorder.wait_for("sql-wconn", 1)[0]));
}

/// sqlx makes a stream of it.
#[tokio::test]
async fn a_write_that_is_cancelled_was_given_up() {
    for (url, system) in urls() {
        let write = match system {
            "postgresql" => "INSERT INTO items SELECT 2, CAST(pg_sleep(60) AS text)",
            "mysql" => "INSERT INTO items SELECT 2, CAST(sleep(60) AS char)",
            _ => continue,
        };
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        let work = async {
            let mut tx = pool.begin().await.unwrap();
            let insert = "INSERT INTO items VALUES (1, 'a')";
            (&mut *tx).execute(insert).await.unwrap();
            let writing = (&mut *tx).execute(write);
            let late = tokio::time::timeout(Duration::from_millis(100), writing);
            late.await.unwrap_err();
            // What is not read yet would be waited for.
            std::mem::drop(tx);
        };
        request(&recorder, work).await;
        let statements = recorder.find("sql-wstmt-execctx");
        assert_eq!(
            statements.last().unwrap().outcome(),
            "cancelled",
            "{system}"
        );
        assert_eq!(recorder.one("conn-begintx").get("uncommitted"), None);
    }
}

#[tokio::test]
async fn a_preparation_is_no_statement_of_its_transaction() {
    let recorder = Recorder::new();
    let pool = open(&recorder, "sqlite::memory:").await;
    let work = async {
        let mut tx = pool.begin().await.unwrap();
        let statement = (&mut *tx).prepare(SqlStr::from_static("SELECT 1")).await;
        let statement = statement.unwrap();
        statement.query().fetch_all(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    request(&recorder, work).await;
    assert_eq!(recorder.find("conn-prepare").len(), 1);
    assert_eq!(recorder.one("conn-begintx")["statements"], 1);
}

#[tokio::test]
async fn migrations_are_statements() {
    let recorder = Recorder::new();
    let pool = open(&recorder, "sqlite::memory:").await;
    recorder.clear();
    recorder
        .scope(sqlx::migrate!("tests/migrations").run(&pool))
        .await
        .unwrap();
    let migration = recorder.one("sql-wstmt-execctx");
    assert_eq!(migration["summary"], "CREATE TABLE migrated");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_gives_the_error_of_sqlx() {
    install();
    let cases = [
        (
            "sqlite:///no/such/folder/shop.db?password=hunter2&mode=ro",
            "failed",
        ),
        (
            "monitored-postgres://me:hunter2@localhost/db?sslmode=nonsense",
            "failed",
        ),
    ];
    for (url, outcome) in cases {
        let recorder = Recorder::new();
        let error = recorder.scope(AnyPool::connect(url)).await.unwrap_err();
        assert!(!matches!(error, sqlx::Error::PoolTimedOut), "{error}");
        let opened = recorder.one("driver-open");
        assert_eq!(opened.outcome(), outcome);
        assert!(!format!("{opened:?}").contains("hunter2"), "{opened:?}");
    }
}

#[tokio::test]
async fn a_refused_port_times_out_after_attempts_without_the_password() {
    install();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let options = AnyPoolOptions::new().acquire_timeout(Duration::from_secs(2));
    let recorder = Recorder::new();
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/db");
    let error = recorder.scope(options.connect(&url)).await.unwrap_err();

    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
    let attempts = recorder.find("driver-open");
    assert!(!attempts.is_empty());
    for attempt in attempts {
        assert_eq!(attempt.outcome(), "failed");
        assert_eq!(attempt["error"][0]["type"], "Io");
        assert!(!format!("{attempt:?}").contains("hunter2"), "{attempt:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_begin_does_not_get_into_the_pool() {
    for (url, _) in urls() {
        let recorder = Recorder::new();
        let pool = open(&recorder, &url).await;
        for polls in 1.. {
            let begin = crate::cancel::poll_then_drop(polls, pool.begin());
            if recorder.scope(begin).await {
                break;
            }
        }
        // Would fail inside a transaction that was left open, and count as a savepoint inside one sqlx knows of.
        let statement = if url.starts_with("sqlite") {
            "BEGIN IMMEDIATE"
        } else {
            "START TRANSACTION READ ONLY"
        };
        for _ in 0..20 {
            let tx = pool.begin_with(statement).await.unwrap();
            tx.rollback().await.unwrap();
        }
    }
}

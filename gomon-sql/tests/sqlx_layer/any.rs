//! What the driver for `AnyPool` reports is not told again by the layer; waiting for the pool, which it does not see, is told.

use std::sync::Once;

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use gomon_sql::MonitoredDriver;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};

use crate::doubles::{expected, run_all, sql};
use crate::engines::server;
use crate::{install, request, texts};

/// The URL of each engine there is.
fn urls() -> Vec<String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| MonitoredDriver::auto_register().unwrap());
    install();
    let mut urls = vec!["sqlite::memory:".to_owned()];
    urls.extend(server("GOMON_TEST_POSTGRES_URL"));
    urls.extend(server("GOMON_TEST_MYSQL_URL"));
    urls
}

/// A pool of one connection with the temporary table `items`.
async fn open(url: &str) -> AnyPool {
    let options = AnyPoolOptions::new()
        .max_connections(1)
        .acquire_time_level(log::LevelFilter::Debug)
        .test_before_acquire(false);
    let pool = options.connect(url).await.unwrap();
    for sql in [
        "CREATE TEMPORARY TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(100))",
        "INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    ] {
        pool.execute(sql).await.unwrap();
    }
    pool
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_run_a_statement_is_told_once() {
    for url in urls() {
        let pool = open(&url).await;
        let recorder = Recorder::new();
        request(&recorder, async {
            run_all!((&pool), "pool");
            let mut tx = pool.begin().await.unwrap();
            run_all!((&mut *tx), "tx");
            drop(sqlx::Acquire::begin(&mut tx).await.unwrap());
            tx.commit().await.unwrap();
            pool.begin().await.unwrap().rollback().await.unwrap();
            let mut rows = pool.fetch(sql("dropped_stream"));
            rows.try_next().await.unwrap();
            drop(rows);
            let failing = pool.execute("SELECT nothing FROM nowhere");
            failing.await.unwrap_err();
        })
        .await;
        pool.close().await;

        let mut all = expected(&["pool", "tx"]);
        all.push(sql("dropped_stream").0);
        all.push("SELECT nothing FROM nowhere".to_owned());
        all.sort();
        assert_eq!(texts(&recorder), all, "{url}");
        // &pool eight times, begin twice, and the last two.
        let waits = recorder.find("sql-wpool-acquire");
        assert_eq!(waits.len(), 8 + 2 + 2, "{url}");
        assert!(
            waits
                .iter()
                .all(|wait| wait.is_child_of(&recorder.one("request")))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connecting_and_migrations_are_told_once() {
    let _ = urls();
    let recorder = Recorder::new();
    request(&recorder, async {
        let pool = AnyPoolOptions::new().max_connections(1);
        let pool = pool.connect("sqlite::memory:").await.unwrap();
        let migrations = sqlx::migrate!("tests/migrations");
        migrations.run(&pool).await.unwrap();
        pool.close().await;
    })
    .await;
    let told = texts(&recorder);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("TABLE migrated"));
}

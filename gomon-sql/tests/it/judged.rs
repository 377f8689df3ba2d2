//! What is said of statements beside what they gave: repeated, slow, unbounded.

use std::time::Duration;

use futures_util::TryStreamExt;
use gomon_core::FutureExt;
use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::{MonitoredSqlitePool, MonitoredTransaction, PoolExt, SqlConfig};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AnyPool, Executor, Sqlite};

use crate::any_driver::install;

const BY_ID: &str = "SELECT name FROM items WHERE id = ?";

async fn pool_with(config: SqlConfig) -> MonitoredSqlitePool {
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    let table = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)";
    pool.execute(table).await.unwrap();
    pool.monitored_with(config)
}

async fn any_pool() -> AnyPool {
    install();
    let options = sqlx::any::AnyPoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    let table = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)";
    pool.execute(table).await.unwrap();
    pool
}

async fn pool() -> MonitoredSqlitePool {
    pool_with(SqlConfig::new()).await
}

/// What was found in a unit of work.
async fn found(fp: &str, work: impl Future) -> (Recorder, Vec<Recorded>) {
    let recorder = Recorder::new();
    recorder.scope(work.monitored("unit")).await;
    let findings = recorder.find(fp);
    (recorder, findings)
}

async fn one_by_one(pool: &MonitoredSqlitePool, count: i64) {
    for id in 0..count {
        let query = sqlx::query(BY_ID).bind(id);
        query.fetch_all(pool.here()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_read_one_by_one_is_one_finding() {
    let pool = pool().await;
    let (recorder, found) = found("sql-nplusone", one_by_one(&pool, 7)).await;
    let [finding] = &found[..] else {
        panic!("one finding: {found:?}");
    };
    let unit = recorder.one("unit");
    assert!(finding.is_child_of(&unit));
    assert_eq!(finding["count"], 7);
    assert_eq!(finding["summary"], "SELECT items");
    let statements = recorder.find("sql-wconn-queryctx");
    assert_eq!(finding["digest"], statements[0]["digest"]);
    assert_eq!(finding["caller"], statements[0]["caller"]);
    let total: u64 = statements.iter().map(Recorded::lapsed).sum();
    let told = finding["total"].as_u64().unwrap();
    assert!(told > 0 && told <= total, "{told} of {total}");
    assert!(finding["hint"].as_str().unwrap().contains("IN list"));
    assert!(recorder.find("sql-duplicate").is_empty());
}

#[tokio::test]
async fn fewer_than_five_are_none_and_the_number_can_be_set() {
    let (_, found_by_default) = found("sql-nplusone", one_by_one(&pool().await, 4)).await;
    assert!(found_by_default.is_empty());
    let pool = pool_with(SqlConfig::new().repeated(3)).await;
    let (_, found) = found("sql-nplusone", one_by_one(&pool, 3)).await;
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn statements_under_different_parents_are_not_added_up() {
    let pool = pool().await;
    let (_, found) = found("sql-nplusone", async {
        for _ in 0..2 {
            let mut tx = pool.begin().await.unwrap();
            for id in 0..3 {
                let query = sqlx::query(BY_ID).bind(id);
                query.fetch_all(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
    })
    .await;
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn what_failed_or_was_written_is_told_apart() {
    let pool = pool().await;
    let (_, found) = found("sql-nplusone", async {
        for id in 0..6 {
            let insert = sqlx::query("INSERT INTO items (id) VALUES (?)").bind(id);
            insert.execute(&pool).await.unwrap();
            let wrong = sqlx::query("SELECT nothing FROM items WHERE id = ?").bind(id);
            wrong.fetch_all(&pool).await.unwrap_err();
        }
    })
    .await;
    let [finding] = &found[..] else {
        panic!("one finding: {found:?}");
    };
    assert_eq!(finding["summary"], "INSERT items");
    assert!(finding["hint"].as_str().unwrap().contains("many rows"));
}

#[tokio::test]
async fn the_same_question_asked_again_is_a_duplicate() {
    let pool = pool().await;
    let (recorder, found) = found("sql-duplicate", async {
        for _ in 0..5 {
            let query = sqlx::query("SELECT count(*) FROM items");
            query.fetch_one(&pool).await.unwrap();
        }
    })
    .await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["count"], 5);
    assert!(recorder.find("sql-nplusone").is_empty());
}

#[tokio::test]
async fn a_prepared_statement_with_values_is_no_duplicate() {
    use sqlx::Statement;
    let pool = pool().await;
    let (recorder, repeated) = found("sql-nplusone", async {
        let by_id = pool.prepare(sqlx::SqlStr::from_static(BY_ID)).await;
        let by_id = by_id.unwrap();
        for id in 0..5 {
            let query = by_id.query().bind(id);
            query.fetch_all(&pool).await.unwrap();
        }
    })
    .await;
    assert_eq!(repeated.len(), 1);
    assert!(recorder.find("sql-duplicate").is_empty());

    let (recorder, duplicates) = found("sql-duplicate", async {
        let all = pool.prepare(sqlx::SqlStr::from_static("SELECT name FROM items"));
        let all = all.await.unwrap();
        for _ in 0..5 {
            all.query().fetch_all(&pool).await.unwrap();
        }
    })
    .await;
    assert_eq!(duplicates.len(), 1);
    assert!(recorder.find("sql-nplusone").is_empty());
}

#[tokio::test]
async fn what_asks_no_table_is_no_duplicate() {
    let pool = pool().await;
    for sql in [
        "SAVEPOINT here",
        "CREATE TABLE IF NOT EXISTS more (a)",
        "PRAGMA user_version",
        "SELECT random()",
        "SELECT 1",
    ] {
        let (recorder, duplicates) = found("sql-duplicate", async {
            for _ in 0..5 {
                pool.fetch_all(sql).await.unwrap();
            }
        })
        .await;
        assert!(duplicates.is_empty(), "{sql}");
        assert!(recorder.find("sql-nplusone").is_empty(), "{sql}");
    }
}

#[tokio::test]
async fn the_any_driver_knows_which_values_are_the_same() {
    let pool = any_pool().await;
    let ask = async |id: i64| {
        let query = sqlx::query(BY_ID).bind(id);
        query.fetch_all(&pool).await.unwrap();
    };
    let same = async {
        for _ in 0..5 {
            ask(1).await;
        }
    };
    let (recorder, duplicates) = found("sql-duplicate", same).await;
    assert_eq!(duplicates.len(), 1);
    assert!(recorder.find("sql-nplusone").is_empty());
    let others = async {
        for id in 0..5 {
            ask(id).await;
        }
    };
    let (recorder, repeated) = found("sql-nplusone", others).await;
    assert_eq!(repeated.len(), 1);
    assert!(recorder.find("sql-duplicate").is_empty());
}

#[tokio::test]
async fn a_query_of_many_rows_without_a_limit_is_unbounded() {
    let pool = pool_with(SqlConfig::new().unbounded_rows(50)).await;
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) SELECT i FROM n";
    let (recorder, _) = found("unit", async {
        sqlx::query(rows).fetch_all(&pool).await.unwrap();
        let limited = format!("{rows} LIMIT 55");
        let limited = sqlx::AssertSqlSafe(limited);
        sqlx::query(limited).fetch_all(&pool).await.unwrap();
        sqlx::query("SELECT 1").fetch_all(&pool).await.unwrap();
    })
    .await;
    let statements = recorder.find("sql-wconn-queryctx");
    let unbounded: Vec<_> = statements.iter().map(|it| it.get("unbounded")).collect();
    assert_eq!(unbounded, [Some(&true.into()), None, None]);
}

#[tokio::test]
async fn a_statement_that_takes_long_is_slow() {
    for (threshold, slow) in [(Duration::ZERO, true), (Duration::from_secs(3600), false)] {
        let pool = pool_with(SqlConfig::new().slow_after(threshold)).await;
        let recorder = Recorder::new();
        recorder
            .scope(sqlx::query("SELECT 1").execute(&pool))
            .await
            .unwrap();
        let statement = recorder.one("sql-wstmt-execctx");
        assert_eq!(statement.get("slow").is_some(), slow, "{statement}");
    }
}

/// An idle time of 3 s, one of 1 s, and what came of it.
async fn idle_transaction(pool: &MonitoredSqlitePool) -> (Recorder, Recorded) {
    let recorder = Recorder::new();
    let clock = recorder.manual_clock();
    recorder
        .scope(async {
            let mut tx = pool.begin().await.unwrap();
            let insert = sqlx::query("INSERT INTO items (name) VALUES ('a')");
            insert.execute(&mut *tx).await.unwrap();
            clock.advance(Duration::from_secs(3));
            sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap();
            clock.advance(Duration::from_secs(1));
            tx.commit().await.unwrap();
        })
        .await;
    let transaction = recorder.one("conn-begintx");
    (recorder, transaction)
}

#[tokio::test]
async fn a_transaction_says_how_long_nothing_ran_in_it() {
    let (_, transaction) = idle_transaction(&pool().await).await;
    assert_eq!(transaction["statements"], 2);
    assert_eq!(transaction["idle-time"], 4_000_000_000_u64);
    assert_eq!(transaction["longest-idle"], 3_000_000_000_u64);
    assert_eq!(transaction["idle-in-transaction"], true);
    assert_eq!(transaction.get("long"), None, "4 s of 5 s");
    assert_eq!(transaction.get("uncommitted"), None);
}

#[tokio::test]
async fn what_is_long_and_what_is_idle_can_be_set() {
    let config = SqlConfig::new()
        .long_transaction(Duration::from_secs(4))
        .idle_in_transaction(Duration::from_secs(4));
    let (_, transaction) = idle_transaction(&pool_with(config).await).await;
    assert_eq!(transaction["long"], true);
    assert_eq!(transaction.get("idle-in-transaction"), None);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_says_what_it_had_written() {
    let pool = pool().await;
    let write = "INSERT INTO items (name) VALUES ('a')";
    let dropped = async |statements: &[&'static str]| {
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let mut tx = pool.begin().await.unwrap();
                for statement in statements {
                    let _ = sqlx::query(*statement).execute(&mut *tx).await;
                }
            })
            .await;
        let transaction = recorder.one("conn-begintx");
        transaction.get("uncommitted").cloned()
    };
    assert_eq!(dropped(&[write, "SELECT 1", write]).await, Some(2.into()));
    assert_eq!(
        dropped(&["SELECT 1"]).await,
        None,
        "there was nothing to lose"
    );
    let failed = dropped(&[write, "SELECT nothing FROM items"]).await;
    assert_eq!(failed, None, "it was meant to be rolled back");
}

#[tokio::test]
async fn what_a_savepoint_undid_is_not_uncommitted() {
    use sqlx::Acquire;

    const WRITE: &str = "INSERT INTO items (name) VALUES ('a')";
    macro_rules! dropped {
        ($pool:expr, $before:expr, $end:ident) => {{
            let recorder = Recorder::new();
            let work = async {
                let mut tx = $pool.begin().await.unwrap();
                if $before {
                    (&mut *tx).execute(WRITE).await.unwrap();
                }
                let mut point = tx.begin().await.unwrap();
                (&mut *point).execute(WRITE).await.unwrap();
                (&mut *point).execute(WRITE).await.unwrap();
                point.$end().await.unwrap();
                (&mut *tx).execute("SELECT 1").await.unwrap();
            };
            recorder.scope(work).await;
            recorder.one("conn-begintx").get("uncommitted").cloned()
        }};
    }
    let (typed, any) = (pool().await, any_pool().await);
    let both = any_pool().await.monitored();
    for (before, rolled_back, released) in [(false, None, Some(2)), (true, Some(1), Some(3))] {
        let (rolled_back, released) = (rolled_back.map(Into::into), released.map(Into::into));
        assert_eq!(dropped!(&typed, before, rollback), rolled_back);
        assert_eq!(dropped!(&typed, before, commit), released);
        assert_eq!(dropped!(&any, before, rollback), rolled_back);
        assert_eq!(dropped!(&any, before, commit), released);
        assert_eq!(dropped!(&both, before, rollback), rolled_back);
        assert_eq!(dropped!(&both, before, commit), released);
    }
}

/// A transaction that has written, and is not committed.
async fn written(pool: &MonitoredSqlitePool) -> MonitoredTransaction<'static, Sqlite> {
    let mut tx = pool.begin().await.unwrap();
    let insert = "INSERT INTO items (name) VALUES ('a')";
    (&mut *tx).execute(insert).await.unwrap();
    tx
}

#[tokio::test]
async fn what_a_panic_leaves_was_not_forgotten() {
    let pool = pool().await;
    let recorder = Recorder::new();
    let work = async {
        let _tx = written(&pool).await;
        panic!("oh no");
    };
    let work = std::panic::AssertUnwindSafe(recorder.scope(work));
    assert!(futures_util::FutureExt::catch_unwind(work).await.is_err());
    assert_eq!(recorder.one("conn-begintx").get("uncommitted"), None);
}

#[tokio::test]
async fn who_was_out_of_time_did_not_forget() {
    let pool = pool().await;
    let recorder = Recorder::new();
    let work = async {
        let _tx = written(&pool).await;
        std::future::pending::<()>().await;
    };
    let work = gomon_core::time::timeout(Duration::from_millis(100), work);
    recorder.scope(work).await.unwrap_err();
    let transaction = recorder.one("conn-begintx");
    assert_eq!(transaction.outcome(), "timed-out");
    assert_eq!(transaction.get("uncommitted"), None);
}

#[tokio::test]
async fn who_waits_for_a_connection_is_not_slow() {
    let wait = Duration::from_millis(200);
    let pool = pool_with(SqlConfig::new().slow_after(wait)).await;
    let recorder = Recorder::new();
    let lease = pool.acquire().await.unwrap();
    let given_back = async {
        tokio::time::sleep(wait + wait / 2).await;
        drop(lease);
    };
    let waits = recorder.scope(sqlx::query("SELECT 1").fetch_all(&pool));
    let (rows, ()) = tokio::join!(waits, given_back);
    rows.unwrap();
    assert_eq!(recorder.one("sql-wconn-queryctx").get("slow"), None);

    // Nor is who is given up meanwhile.
    let recorder = Recorder::new();
    let _lease = pool.acquire().await.unwrap();
    let waits = tokio::time::timeout(wait * 2, sqlx::query("SELECT 2").fetch_all(&pool));
    recorder.scope(waits).await.unwrap_err();
    assert_eq!(recorder.one("sql-wconn-queryctx").get("slow"), None);
}

#[tokio::test]
async fn what_writes_or_reads_no_table_is_not_unbounded() {
    let pool = pool_with(SqlConfig::new().unbounded_rows(2)).await;
    let recorder = Recorder::new();
    let work = async {
        let insert = "INSERT INTO items (name) VALUES ('a'), ('b') RETURNING id";
        for sql in [insert, "VALUES (1), (2), (3)"] {
            assert!(pool.fetch_all(sql).await.unwrap().len() > 1);
        }
    };
    recorder.scope(work).await;
    for statement in recorder.find("sql-wconn-queryctx") {
        assert_eq!(statement.get("unbounded"), None, "{statement}");
    }
}

#[tokio::test]
async fn the_any_driver_keeps_the_same_books() {
    let recorder = Recorder::new();
    let clock = recorder.manual_clock();
    recorder
        .scope(async {
            // What has no other parent is a child of its connection, and recorded where that was opened.
            let pool = any_pool().await;
            let mut tx = pool.begin().await.unwrap();
            let insert = sqlx::query("INSERT INTO items (name) VALUES ('a')");
            insert.execute(&mut *tx).await.unwrap();
            clock.advance(Duration::from_secs(2));
            drop(tx);
            pool.execute("SELECT 1").await.unwrap();
        })
        .await;
    let transaction = recorder.one("conn-begintx");
    assert_eq!(transaction["statements"], 1);
    assert_eq!(transaction["longest-idle"], 2_000_000_000_u64);
    assert_eq!(transaction["uncommitted"], 1);
}

#[tokio::test]
async fn the_time_in_which_rows_are_used_is_told_apart() {
    let pool = pool_with(SqlConfig::new().slow_after(Duration::from_secs(5))).await;
    let recorder = Recorder::new();
    let clock = recorder.manual_clock();
    recorder
        .scope(async {
            let rows = "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3";
            let mut rows = sqlx::query(rows).fetch(&pool);
            while rows.try_next().await.unwrap().is_some() {
                clock.advance(Duration::from_secs(2));
            }
            drop(rows);
            let mut left = sqlx::query("SELECT 4 UNION ALL SELECT 5").fetch(&pool);
            left.try_next().await.unwrap();
            clock.advance(Duration::from_secs(1));
            drop(left);
            let at_once = sqlx::query("SELECT 6");
            at_once.fetch_all(&pool).await.unwrap();
        })
        .await;
    let streams = recorder.find("sql-wconn-queryctx");
    let consumers: Vec<_> = streams.iter().map(|it| it.get("consumer-time")).collect();
    let secs = |secs: u64| serde_json::Value::from(secs * 1_000_000_000);
    assert_eq!(consumers, [Some(&secs(6)), Some(&secs(1)), None]);
    assert_eq!(streams[0].lapsed(), 6_000_000_000);
    assert_eq!(streams[0].get("slow"), None, "the database was not");
}

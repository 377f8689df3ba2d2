//! The life of a transaction, the same scenarios on each engine.

use futures_util::StreamExt;
use gomon_core::testing::{Recorder, assert_tree};
use gomon_core::{Capture, EventTracker};
use gomon_sql::{PoolExt, SqlConfig};
use sqlx::Executor;

use crate::engines::{Engine, Fixture, is_whole, on_each_engine};

on_each_engine! {
    a_commit_is_a_tree => commit;
    a_rollback_is_told => rollback;
    a_drop_rolls_back_implicitly => dropped;
    savepoints_are_children_of_their_transaction => savepoints;
    a_commit_after_a_failure_tells_its_fate => failed_then_commit;
    a_stream_that_ends_after_its_error_undoes_nothing => failed_stream_then_commit;
    a_savepoint_can_undo_the_failure => failure_undone;
    a_hand_written_savepoint_can_undo_the_failure => failure_undone_by_hand;
    a_failed_description_dooms_the_transaction => failed_description;
    a_begin_that_was_answered_keeps_its_connection => answered_begin;
    a_transaction_on_a_lease_is_its_child => on_a_lease;
    begin_with_tells_isolation => isolation;
    a_transaction_is_in_flight_while_open => in_flight;
    a_begin_that_fails_is_told => failed_begin;
}

/// Runs a scenario inside a request, and gives the recorder.
async fn record<T>(scenario: impl AsyncFnOnce() -> T) -> (Recorder, T) {
    let recorder = Recorder::new();
    let result = recorder
        .scope(async {
            let mut request = EventTracker::new("request");
            request.scope(scenario()).await
        })
        .await;
    (recorder, result)
}

async fn count<DB: Engine>(fixture: &Fixture<DB>) -> usize {
    fixture
        .monitored()
        .fetch_all("SELECT id FROM items")
        .await
        .unwrap()
        .len()
}

async fn commit<DB: Engine>(fixture: &Fixture<DB>) {
    // The stack may have shown another test in this process who calls.
    let config = SqlConfig::new().capture(Capture::full()).without_callers();
    let pool = fixture.pool.clone().monitored_with(config);
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .unwrap();
        (&mut tx).fetch_all("SELECT * FROM items").await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;

    assert_tree!(
        recorder,
        r#"
        request
          sql-wpool-acquire
          conn-begintx
            sql-wstmt-execctx {summary="INSERT items", rows-aff=1}
            sql-wconn-queryctx {summary="SELECT items"}
              sql-wrows
            sql-wtx-commit
        "#
    );
    let statement = recorder.one("sql-wstmt-execctx");
    assert!(
        statement["caller"]
            .as_str()
            .unwrap()
            .contains("transactions.rs:"),
        "{statement:?}"
    );
    assert_eq!(statement["system"], DB::SYSTEM);
    assert!(
        recorder.one("sql-wconn-queryctx").get("caller").is_none(),
        "`&mut tx` has no caller"
    );
    assert_eq!(count(fixture).await, 1);
    is_whole(fixture).await;
}

async fn rollback<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .unwrap();
        tx.rollback().await.unwrap();
    })
    .await;

    let rollback = recorder.one("sql-wtx-rollback");
    assert!(rollback.is_child_of(&recorder.one("conn-begintx")));
    assert!(rollback.get("implicit").is_none());
    assert_eq!(recorder.one("conn-begintx").outcome(), "completed");
    assert_eq!(count(fixture).await, 0);
    is_whole(fixture).await;
}

async fn dropped<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .unwrap();
        drop(tx);
    })
    .await;

    let rollback = recorder.one("sql-wtx-rollback");
    assert!(rollback.is_child_of(&recorder.one("conn-begintx")));
    assert_eq!(rollback["implicit"], true);
    assert_eq!(recorder.one("conn-begintx").outcome(), "completed");
    assert_eq!(count(fixture).await, 0);
    is_whole(fixture).await;
}

async fn savepoints<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        let mut kept = tx.begin().await.unwrap();
        (&mut *kept)
            .execute("INSERT INTO items VALUES (1, 'kept')")
            .await
            .unwrap();
        kept.commit().await.unwrap();
        let mut undone = tx.begin().await.unwrap();
        (&mut *undone)
            .execute("INSERT INTO items VALUES (2, 'undone')")
            .await
            .unwrap();
        let mut inner = undone.begin().await.unwrap();
        (&mut *inner)
            .execute("INSERT INTO items VALUES (3, 'inner')")
            .await
            .unwrap();
        drop(inner);
        undone.rollback().await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;

    let transaction = recorder.one("conn-begintx");
    let points = recorder.find("sql-savepoint");
    assert!(points.iter().all(|point| point.is_child_of(&transaction)));
    let summaries: Vec<_> = points
        .iter()
        .map(|point| point["summary"].as_str().unwrap())
        .collect();
    let expected = [
        "SAVEPOINT",
        "RELEASE SAVEPOINT",
        "SAVEPOINT",
        "SAVEPOINT",
        "ROLLBACK TO SAVEPOINT",
        "ROLLBACK TO SAVEPOINT",
    ];
    assert_eq!(summaries, expected);
    assert_eq!(points[4]["implicit"], true);
    assert!(
        recorder
            .find("sql-wstmt-execctx")
            .iter()
            .all(|statement| statement.is_child_of(&transaction))
    );
    assert_eq!(recorder.find("sql-wtx-commit").len(), 1);
    assert_eq!(count(fixture).await, 1);
    is_whole(fixture).await;
}

async fn failed_then_commit<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .err()
            .unwrap();
        tx.commit().await.unwrap();
    })
    .await;

    let (transaction, commit) = (recorder.one("conn-begintx"), recorder.one("sql-wtx-commit"));
    if DB::SYSTEM == "postgresql" {
        for event in [&transaction, &commit] {
            assert_eq!(event.outcome(), "failed");
            assert_eq!(event["aborted"], true);
            assert_eq!(event["error"][0]["type"], "Aborted");
        }
        assert_eq!(count(fixture).await, 0);
    } else {
        for event in [&transaction, &commit] {
            assert_eq!(event.outcome(), "completed");
            assert!(event.get("aborted").is_none());
        }
        assert_eq!(count(fixture).await, 1);
    }
    let failed = recorder.find("sql-wstmt-execctx").remove(1);
    assert_eq!(failed.outcome(), "failed");
    assert_eq!(failed["error"][0]["type"], "Database");
    assert!(failed.get("code").is_some());
    is_whole(fixture).await;
}

async fn failed_stream_then_commit<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        let mut items = (&mut *tx).fetch("SELECT nothing FROM nowhere");
        assert!(items.next().await.unwrap().is_err());
        // sqlx's streams end once they have failed.
        assert!(items.next().await.is_none());
        drop(items);
        tx.commit().await.unwrap();
    })
    .await;

    let aborted = (DB::SYSTEM == "postgresql").then_some(&serde_json::Value::Bool(true));
    for fp in ["conn-begintx", "sql-wtx-commit"] {
        assert_eq!(recorder.one(fp).get("aborted"), aborted);
    }
    is_whole(fixture).await;
}

async fn failure_undone<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .unwrap();
        for explicit in [true, false] {
            let mut point = tx.begin().await.unwrap();
            (&mut *point)
                .execute("INSERT INTO items VALUES (1, 'a')")
                .await
                .err()
                .unwrap();
            if explicit {
                point.rollback().await.unwrap();
            } else {
                drop(point);
            }
        }
        tx.commit().await.unwrap();
    })
    .await;

    assert_eq!(recorder.one("conn-begintx").outcome(), "completed");
    assert_eq!(recorder.one("sql-wtx-commit").outcome(), "completed");
    assert_eq!(count(fixture).await, 1);
    is_whole(fixture).await;
}

async fn failure_undone_by_hand<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        for sql in ["INSERT INTO items VALUES (1, 'a')", "SAVEPOINT here"] {
            (&mut *tx).execute(sql).await.unwrap();
        }
        let again = (&mut *tx).execute("INSERT INTO items VALUES (1, 'a')");
        again.await.err().unwrap();
        let undo = (&mut *tx).execute("ROLLBACK TO SAVEPOINT here");
        undo.await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;

    assert_eq!(recorder.one("conn-begintx").outcome(), "completed");
    assert_eq!(recorder.one("sql-wtx-commit").outcome(), "completed");
    assert_eq!(count(fixture).await, 1);
    is_whole(fixture).await;
}

async fn failed_description<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .unwrap();
        let sql = sqlx::SqlStr::from_static("SELECT nothing FROM nowhere");
        (&mut *tx).describe(sql).await.err().unwrap();
        tx.commit().await.unwrap();
    })
    .await;

    let told = recorder.one("conn-begintx").outcome() == "completed";
    assert_eq!(told, count(fixture).await == 1);
    assert_eq!(told, DB::SYSTEM != "postgresql");
    is_whole(fixture).await;
}

/// A pool of one connection has the same session again, unless the connection was closed.
async fn answered_begin<DB: Engine>(fixture: &Fixture<DB>) {
    for (statement, kept) in [
        ("SELECT 1", true),
        ("nonsense", true),
        ("BEGIN; nonsense", false),
    ] {
        let options = fixture.pool.options().clone().max_connections(1);
        let pool = options.connect_with((*fixture.pool.connect_options()).clone());
        let pool = pool.await.unwrap().monitored();
        let Some(before) = DB::session(pool.inner()).await else {
            return;
        };
        pool.begin_with(statement).await.err().unwrap();
        let after = DB::session(pool.inner()).await;
        assert_eq!(Some(before) == after, kept, "{statement}");
        pool.close().await;
    }
    is_whole(fixture).await;
}

async fn on_a_lease<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let mut connection = pool.acquire().await.unwrap();
        (&mut *connection).execute("SELECT 1").await.unwrap();
        let mut tx = connection.begin().await.unwrap();
        (&mut *tx).execute("SELECT 2").await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;

    assert_tree!(
        recorder,
        "
        request
          sql-wpool-acquire
          sql-wlease
            sql-wstmt-execctx
            conn-begintx
              sql-wstmt-execctx
              sql-wtx-commit
        "
    );
    is_whole(fixture).await;
}

async fn isolation<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (statement, level) = match DB::SYSTEM {
        "postgresql" => (
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
            Some("serializable"),
        ),
        "mysql" => ("START TRANSACTION READ ONLY", None),
        _ => ("BEGIN IMMEDIATE", None),
    };
    let (recorder, ()) = record(async || {
        let tx = pool.begin_with(statement).await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;

    let transaction = recorder.one("conn-begintx");
    assert_eq!(
        transaction
            .get("isolation")
            .and_then(|value| value.as_str()),
        level
    );
    assert_eq!(
        transaction.get("read-only").is_some(),
        DB::SYSTEM != "sqlite"
    );
    is_whole(fixture).await;
}

async fn in_flight<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (_recorder, (during, after)) = record(async || {
        let tx = pool.begin().await.unwrap();
        let during = gomon_core::in_flight();
        tx.commit().await.unwrap();
        (during, gomon_core::in_flight())
    })
    .await;

    assert_eq!(during.len(), 1, "{during:?}");
    assert!(during[0].label.contains("transactions.rs:"), "{during:?}");
    assert!(after.is_empty(), "{after:?}");
    is_whole(fixture).await;
}

async fn failed_begin<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let (recorder, ()) = record(async || {
        let refused = pool.begin_with("SELECT 1").await;
        assert!(matches!(refused, Err(sqlx::Error::BeginFailed)));
        let mut tx = pool.begin().await.unwrap();
        let inside = tx.begin_with("BEGIN").await.err();
        assert!(matches!(
            inside,
            Some(sqlx::Error::InvalidSavePointStatement)
        ));
        tx.commit().await.unwrap();
    })
    .await;

    let transactions = recorder.find("conn-begintx");
    assert_eq!(transactions[0].outcome(), "failed");
    assert_eq!(transactions[0]["error"][0]["type"], "BeginFailed");
    // sqlx rolls back what is round a savepoint that is not made.
    assert_eq!(transactions[1]["aborted"], true);
    let point = recorder.one("sql-savepoint");
    assert_eq!(point["error"][0]["type"], "InvalidSavePointStatement");
    is_whole(fixture).await;
}

/// SQLite rolls back on its own thread, and sqlx says so when that is done.
#[tokio::test]
async fn a_transaction_after_a_dropped_one_is_one_on_sqlite() {
    crate::engines::on::<sqlx::Sqlite, _>(async |fixture: &Fixture<sqlx::Sqlite>| {
        let pool = fixture.monitored();
        for _ in 0..200 {
            let (recorder, ()) = record(async || {
                let mut lease = pool.acquire().await.unwrap();
                drop(lease.begin().await.unwrap());
                lease.begin().await.unwrap().commit().await.unwrap();
            })
            .await;
            assert_eq!(recorder.find("conn-begintx").len(), 2);
            assert!(recorder.find("sql-savepoint").is_empty());
        }
    })
    .await;
}

//! How a statement's event ends.

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use sqlx::Executor;

use crate::engines::{Engine, Fixture, is_whole, on_each_engine};

on_each_engine! {
    a_stream_read_to_its_end_is_completed => whole_stream;
    a_stream_dropped_half_way_is_truncated => half_stream;
    one_row_is_enough_for_fetch_one => one_row;
    no_row_is_no_error_of_the_statement => no_row;
    what_is_never_polled_was_never_sent => unpolled;
    a_failed_statement_tells_why => failed;
}

const FILL: &str = "INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')";

async fn whole_stream<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            pool.execute(FILL).await.unwrap();
            let mut rows = pool.fetch("SELECT id, name FROM items ORDER BY id");
            while rows.try_next().await.unwrap().is_some() {}
        })
        .await;

    let query = recorder.one("sql-wconn-queryctx");
    assert_eq!(query.outcome(), "completed");
    assert_eq!(query["rows-returned"], 3);
    assert_eq!(query["query"], "SELECT id, name FROM items ORDER BY id");
    assert_eq!(query["summary"], "SELECT items");
    assert!(query["first-row"].as_u64().unwrap() <= query.lapsed());
    assert!(
        query.get("rows-aff").is_none(),
        "a count of affected rows says nothing of a query"
    );
    let rows = recorder.one("sql-wrows");
    assert!(rows.is_child_of(&query));
    assert_eq!(rows["columns"], serde_json::json!(["id", "name"]));
    assert_eq!(
        rows["rows"],
        serde_json::json!([[1, "a"], [2, "b"], [3, "c"]])
    );
    assert_eq!(rows["truncated"], false);
    assert_eq!(recorder.one("sql-wstmt-execctx")["rows-aff"], 3);
    is_whole(fixture).await;
}

async fn half_stream<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            pool.execute(FILL).await.unwrap();
            let mut rows = pool.fetch("SELECT id, name FROM items ORDER BY id");
            rows.try_next().await.unwrap();
            drop(rows);
            let mut tx = pool.begin().await.unwrap();
            let mut rows = (&mut *tx).fetch("SELECT id FROM items ORDER BY id");
            rows.try_next().await.unwrap();
            drop(rows);
            tx.commit().await.unwrap();
        })
        .await;

    for query in recorder.find("sql-wconn-queryctx") {
        assert_eq!(query.outcome(), "truncated");
        assert_eq!(query["rows-returned"], 1);
    }
    for rows in recorder.find("sql-wrows") {
        assert_eq!(rows.outcome(), "truncated", "it shares its query's outcome");
    }
    assert_eq!(recorder.one("conn-begintx").outcome(), "completed");
    is_whole(fixture).await;
}

async fn one_row<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            pool.execute(FILL).await.unwrap();
            pool.fetch_one("SELECT id FROM items").await.unwrap();
        })
        .await;

    assert_eq!(recorder.one("sql-wconn-queryctx").outcome(), "completed");
    assert_eq!(recorder.one("sql-wrows").outcome(), "completed");
    is_whole(fixture).await;
}

async fn no_row<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    let result = recorder.scope(pool.fetch_one("SELECT id FROM items")).await;

    assert!(matches!(result, Err(sqlx::Error::RowNotFound)));
    let query = recorder.one("sql-wconn-queryctx");
    assert_eq!(query.outcome(), "completed");
    assert_eq!(query["rows-returned"], 0);
    assert!(recorder.find("sql-wrows").is_empty());
}

async fn unpolled<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            drop(pool.execute("DELETE FROM items"));
            drop(pool.fetch("SELECT id FROM items"));
            drop(pool.fetch_all("SELECT id FROM items"));
            drop(pool.begin());
            drop(pool.acquire());
        })
        .await;

    assert!(recorder.events().is_empty(), "{}", recorder.tree());
}

async fn failed<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            pool.execute(FILL).await.unwrap();
            pool.fetch_all("SELECT nothing FROM nowhere")
                .await
                .err()
                .unwrap();
            let twice = pool
                .here()
                .execute("INSERT INTO items VALUES (1, 'a')")
                .await;
            assert!(matches!(twice, Err(sqlx::Error::Database(_))));
        })
        .await;

    let query = recorder.one("sql-wconn-queryctx");
    assert_eq!(query.outcome(), "failed");
    assert_eq!(query["error"][0]["type"], "Database");
    let insert = recorder.find("sql-wstmt-execctx").remove(1);
    assert_eq!(insert.outcome(), "failed");
    assert!(insert.get("code").is_some());
    assert!(insert["caller"].as_str().unwrap().contains("endings.rs:"));
    assert!(
        insert["error"][0]["location"]
            .as_str()
            .unwrap()
            .contains("endings.rs:")
    );
    is_whole(fixture).await;
}

//! What a statement's event says, by what may be captured.

use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{Capture, FutureExt};
use gomon_sql::{PoolExt, SqlConfig, monitor_conn};
use sqlx::{Executor, Sqlite};

use crate::engines::{Engine, Fixture, on, on_each_engine};

on_each_engine! {
    errors_do_not_carry_values => error_values;
    prepared_statements_are_told => prepared;
    time_limits_of_the_server_are_told => time_limit;
    a_panic_inside_a_transaction_rolls_it_back => panicking;
}

/// The event of one statement under a capture.
async fn event(fixture: &Fixture<Sqlite>, capture: Capture) -> Recorded {
    let pool = fixture
        .pool
        .clone()
        .monitored_with(SqlConfig::new().capture(capture));
    let recorder = Recorder::new();
    let sql = "SELECT name FROM items WHERE name = 'secret'  AND id = ?";
    recorder
        .scope(sqlx::query(sql).bind(7).fetch_all(&pool))
        .await
        .unwrap();
    recorder.one("sql-wconn-queryctx")
}

#[tokio::test]
async fn text_is_taken_as_far_as_allowed() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let minimal = event(fixture, Capture::minimal()).await;
        assert!(minimal.get("query").is_none());
        assert_eq!(minimal["summary"], "SELECT items");
        assert_eq!(minimal["digest"].as_str().unwrap().len(), 16);

        let safe = event(fixture, Capture::safe()).await;
        assert_eq!(
            safe["query"],
            "SELECT name FROM items WHERE name = ? AND id = ?"
        );
        assert_eq!(safe["params-count"], 1);
        assert_eq!(safe["prepared"], true);
        assert_eq!(safe["digest"], minimal["digest"]);

        let full = event(fixture, Capture::full()).await;
        assert_eq!(
            full["query"],
            "SELECT name FROM items WHERE name = 'secret'  AND id = ?"
        );
    })
    .await;
}

async fn error_values<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.pool.clone().monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            pool.execute("CREATE UNIQUE INDEX by_name ON items (name(9))")
                .await
                .ok();
            pool.execute("CREATE UNIQUE INDEX by_name ON items (name)")
                .await
                .ok();
            pool.execute("INSERT INTO items VALUES (1, 'hunter2')")
                .await
                .unwrap();
            pool.execute("INSERT INTO items VALUES (2, 'hunter2')")
                .await
                .err()
                .unwrap();
            pool.execute("INSERT INTO items VALUES ('hunter2', 'x')")
                .await
                .err()
                .unwrap();
            // Engines quote values without doubling the quotes inside.
            for sql in [
                "INSERT INTO items VALUES (3, 'O''Brien-hunter2')",
                "INSERT INTO items VALUES (4, 'O''Brien-hunter2')",
                "INSERT INTO items VALUES (5, 'a' oops 'it''s' 'hunter2')",
                "SELECT CAST('\"a\"hunter2\"' AS INTEGER) FROM items",
            ] {
                pool.execute(sql).await.ok();
            }
        })
        .await;

    for event in recorder.events() {
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }
    // What stood in double quotes may have been meant as a string.
    let names = Recorder::new();
    for sql in [
        "SELECT \"a'hunter2\" FROM items WHERE",
        "SELECT \"hunter2\".id FROM items",
    ] {
        names.scope(pool.execute(sql)).await.err().unwrap();
    }
    for event in names.find("sql-wstmt-execctx") {
        assert!(
            !event["error"].to_string().contains("\"hunter2"),
            "{event:?}"
        );
        assert!(
            !event["error"].to_string().contains("'hunter2"),
            "{event:?}"
        );
    }
    let twice = &recorder.find("sql-wstmt-execctx")[3];
    assert_eq!(twice.outcome(), "failed");
    if DB::SYSTEM == "postgresql" {
        assert_eq!(
            (&twice["code"], &twice["constraint"]),
            (&"23505".into(), &"by_name".into())
        );
        assert!(
            twice["error"][0]["msg"]
                .as_str()
                .unwrap()
                .contains("\"by_name\"")
        );
    }
}

async fn prepared<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut connection = pool.acquire().await.unwrap();
            let sql = sqlx::SqlStr::from_static("SELECT id FROM items WHERE id = 1");
            (&mut *connection).prepare(sql).await.unwrap();
            (&mut *connection)
                .fetch_all("SELECT id FROM items")
                .await
                .unwrap();
        })
        .await;

    let prepare = recorder.one("conn-prepare");
    assert_eq!(
        (&prepare["prepared"], &prepare["summary"]),
        (&true.into(), &"SELECT items".into())
    );
    assert_eq!(recorder.one("sql-wconn-queryctx")["prepared"], false);
    assert!(prepare.is_child_of(&recorder.one("sql-wlease")));
}

/// A statement that takes longer than its session allows, with the code of its error. SQLite has no such limit.
pub(crate) fn slow(system: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match system {
        "postgresql" => Some(("SET statement_timeout = 50", "SELECT pg_sleep(60)", "57014")),
        "mysql" => Some(("SET max_statement_time = 0.05", "SELECT sleep(60)", "70100")),
        _ => None,
    }
}

async fn time_limit<DB: Engine>(fixture: &Fixture<DB>) {
    let Some((limit, sleep, code)) = slow(DB::SYSTEM) else {
        return;
    };
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut connection = pool.acquire().await.unwrap();
            if (&mut connection).execute(limit).await.is_err() {
                println!("left out: time limits, which MySQL sets otherwise than MariaDB");
                return;
            }
            (&mut connection).fetch_all(sleep).await.err().unwrap();
            let query = recorder.one("sql-wconn-queryctx");
            assert_eq!(
                (query.outcome(), query["code"].as_str()),
                ("timed-out", Some(code))
            );
        })
        .await;
}

async fn panicking<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    let work = async move {
        let mut tx = pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'a')")
            .await
            .unwrap();
        panic!("in the middle of a transaction");
    };
    let task = tokio::spawn(work.in_context(recorder.context()));
    assert!(task.await.unwrap_err().is_panic());

    assert_eq!(recorder.one("conn-begintx").outcome(), "panicked");
    assert_eq!(recorder.one("sql-wtx-rollback")["implicit"], true);
    let pool = fixture.monitored();
    assert!(
        pool.fetch_all("SELECT id FROM items")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_last_id_is_told_for_inserts_only() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        recorder
            .scope(async {
                pool.execute("INSERT INTO items VALUES (42, 'a')")
                    .await
                    .unwrap();
                pool.execute("UPDATE items SET name = 'b'").await.unwrap();
                pool.execute("SELECT 1").await.unwrap();
            })
            .await;

        let events = recorder.find("sql-wstmt-execctx");
        assert_eq!(events[0]["last-id"], 42);
        assert!(events[1].get("last-id").is_none());
        assert_eq!(events[1]["rows-aff"], 1);
        assert!(
            events[2].get("rows-aff").is_none(),
            "SQLite would repeat the count of the statement before"
        );
    })
    .await;
}

#[tokio::test]
async fn a_borrowed_connection_can_be_monitored() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let mut raw = fixture.pool.acquire().await.unwrap();
                let mut connection = monitor_conn::<Sqlite>(&mut raw);
                connection.execute("SELECT 1").await.ok();
                (&mut connection).execute("SELECT 1").await.unwrap();
                let tx = connection.begin().await.unwrap();
                tx.commit().await.unwrap();
            })
            .await;

        assert_eq!(recorder.one("conn-begintx").outcome(), "completed");
        assert!(!recorder.find("sql-wstmt-execctx").is_empty());
    })
    .await;
}

#[tokio::test]
async fn statements_are_counted_together_in_raw_sql() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let sql = "INSERT INTO items VALUES (1, 'a'); INSERT INTO items VALUES (2, 'b'), (3, 'c')";
        recorder
            .scope(sqlx::raw_sql(sql).execute(&pool))
            .await
            .unwrap();
        assert_eq!(recorder.one("sql-wstmt-execctx")["rows-aff"], 3);
    })
    .await;
}

//! Rows, as the engines' types come out.

use gomon_core::Capture;
use gomon_core::mask::Detectors;
use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::{MonitoredDb, PoolExt, SqlConfig};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, MySql, Postgres, Sqlite};

use crate::engines::{Engine, Fixture, on, on_each_engine};

on_each_engine! {
    each_result_hides_its_own_columns => several_results;
}

async fn rows<DB: MonitoredDb>(fixture: &Fixture<DB>, capture: Capture, sql: &str) -> Recorded {
    let pool = fixture
        .pool
        .clone()
        .monitored_with(SqlConfig::new().capture(capture));
    let recorder = Recorder::new();
    recorder
        .scope(pool.fetch_all(AssertSqlSafe(sql.to_owned())))
        .await
        .unwrap();
    recorder.one("sql-wrows")
}

/// Each expression gives the value beside it.
async fn show<DB: MonitoredDb>(fixture: &Fixture<DB>, cases: &[(&str, Value)]) {
    for (expression, expected) in cases {
        let event = rows(
            fixture,
            Capture::full(),
            &format!("SELECT {expression} AS shown"),
        )
        .await;
        assert_eq!(&event["rows"][0][0], expected, "{expression}");
    }
}

#[tokio::test]
async fn values_that_look_secret_are_masked_where_that_is_asked_for() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let sql = "SELECT 'to joe@example.com' AS a, 4111111111111111 AS b, x'6a406578616d706c652e636f6d' AS c, \
                   '{\"to\": \"joe@example.com\"}' AS d, 'of joe@example.com' AS e";
        let shown = rows(fixture, Capture::full(), sql).await.to_string();
        assert_eq!(shown.matches("@example.com").count(), 4, "{shown}");
        let detecting = Capture::full().with_detectors(Detectors::all());
        let event = rows(fixture, detecting.clone(), sql).await;
        let expected = json!([
            "to [redacted]",
            "[redacted]",
            "[redacted]",
            r#"{"to":"[redacted]"}"#,
            "of [redacted]"
        ]);
        assert_eq!(event["rows"][0], expected);
        let cut = rows(fixture, detecting.with_cell_bytes(12), sql).await;
        let expected = json!(["to ", "[redacted]", "", r#"{"to":"#, "of "]);
        assert_eq!(cut["rows"][0], expected);
    })
    .await;
}

#[tokio::test]
async fn literals_and_errors_that_look_secret_are_masked_where_that_is_asked_for() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let capture = Capture::full().with_detectors(Detectors::all());
        let pool = fixture
            .pool
            .clone()
            .monitored_with(SqlConfig::new().capture(capture));
        let recorder = Recorder::new();
        let sql = "SELECT * FROM \"joe@example.com\" WHERE a = 'Bearer abc'";
        recorder
            .scope(async { pool.fetch_all(sql).await.unwrap_err() })
            .await;
        let event = recorder.one("sql-wconn-queryctx");
        assert_eq!(
            event["query"],
            "SELECT * FROM \"[redacted]\" WHERE a = 'Bearer [redacted]'"
        );
        let message = event["error"][0]["msg"].as_str().unwrap();
        assert!(
            message.contains("[redacted]") && !message.contains("joe"),
            "{message}"
        );
    })
    .await;
}

#[tokio::test]
async fn sqlite_values_are_shown() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let cases = [
            ("1", json!(1)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            ("'text'", json!("text")),
            ("NULL", json!(null)),
            ("x'ff00'", json!("/wA=")),
            (
                "'{\"password\": \"hunter2\"}'",
                json!(r#"{"password":"[redacted]"}"#),
            ),
            ("'[no json'", json!("[no json")),
            (
                "'{\"user\": 1, \"password\": \"x\",}'",
                json!(r#"{"user":1,"password":"[redacted]","#),
            ),
            (
                "datetime('2026-01-02 03:04:05')",
                json!("2026-01-02 03:04:05"),
            ),
        ];
        show(fixture, &cases).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_values_are_shown() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let cases = [
            ("true", json!(true)),
            ("1::int2", json!(1)),
            ("-1::int4", json!(-1)),
            ("9223372036854775807", json!(i64::MAX)),
            ("1.5::float4", json!(1.5)),
            ("'NaN'::float8", json!("NaN")),
            ("'text'::varchar", json!("text")),
            (
                "'{\"a\": 1, \"password\": \"x\"}'::jsonb",
                json!(r#"{"a":1,"password":"[redacted]"}"#),
            ),
            ("'[1]'::json", json!("[1]")),
            (
                "'6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid",
                json!("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            ),
            ("'2026-01-02'::date", json!("2026-01-02")),
            (
                "'2026-01-02 03:04:05.25'::timestamp",
                json!("2026-01-02T03:04:05.250000"),
            ),
            (
                "'2026-01-02 03:04:05Z'::timestamptz",
                json!("2026-01-02T03:04:05Z"),
            ),
            ("'infinity'::timestamptz", json!("infinity")),
            ("'\\xff00'::bytea", json!("/wA=")),
            ("NULL::int", json!(null)),
            ("1.25::numeric", json!("<NUMERIC>")),
            ("'{1,2}'::int[]", json!("<INT4[]>")),
        ];
        // A bound value makes it a prepared statement, whose values come in the binary format.
        let pool = fixture.monitored();
        for (expression, expected) in &cases {
            let recorder = Recorder::new();
            let sql = AssertSqlSafe(format!("SELECT {expression} AS shown WHERE 1 = $1"));
            recorder
                .scope(sqlx::query(sql).bind(1).fetch_all(&pool))
                .await
                .unwrap();
            assert_eq!(
                &recorder.one("sql-wrows")["rows"][0][0],
                expected,
                "{expression}"
            );
        }
        // In the text format everything is readable.
        show(
            fixture,
            &[
                ("1.25::numeric", json!("1.25")),
                ("'{1,2}'::int[]", json!("{1,2}")),
                ("1", json!(1)),
                ("true", json!(true)),
            ],
        )
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_values_are_shown() {
    on::<MySql, _>(async |fixture: &Fixture<MySql>| {
        let cases = [
            ("CAST(1 AS SIGNED)", json!(1)),
            ("CAST(18446744073709551615 AS UNSIGNED)", json!(u64::MAX)),
            ("CAST(1.5 AS DOUBLE)", json!(1.5)),
            ("'text'", json!("text")),
            ("CAST(1.25 AS DECIMAL(5,2))", json!("1.25")),
            ("CAST('2026-01-02' AS DATE)", json!("2026-01-02")),
            (
                "CAST('2026-01-02 03:04:05' AS DATETIME)",
                json!("2026-01-02 03:04:05"),
            ),
            ("NULL", json!(null)),
            ("x'ff00'", json!("/wA=")),
            (
                "' [{\"password\": \"hunter2\"}]'",
                json!(r#"[{"password":"[redacted]"}]"#),
            ),
            ("'{no json'", json!("{")),
        ];
        show(fixture, &cases).await;
        let pool = fixture.monitored();
        for (expression, expected) in &cases {
            let recorder = Recorder::new();
            let sql = AssertSqlSafe(format!("SELECT {expression} AS shown WHERE 1 = ?"));
            recorder
                .scope(sqlx::query(sql).bind(1).fetch_all(&pool))
                .await
                .unwrap();
            assert_eq!(
                &recorder.one("sql-wrows")["rows"][0][0],
                expected,
                "prepared {expression}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn rows_columns_and_cells_have_limits() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let capture = Capture::safe().with_rows(2).with_row_columns(2).with_cell_bytes(3);
        let sql = "SELECT 'abcdef' AS a, 2 AS b, 3 AS c UNION ALL SELECT 'x', 2, 3 UNION ALL SELECT 'y', 2, 3";
        let event = rows(fixture, capture, sql).await;

        assert_eq!(event["columns"], json!(["a", "b"]));
        assert_eq!(event["rows"].as_array().unwrap().len(), 2);
        assert_eq!(event["rows"][0], json!(["abc", 2]));
        assert_eq!(event["truncated"], true);
        assert_eq!(event["gomon:dropped"], json!({"rows": 1, "columns": 1, "cells": 3}));
    })
    .await;
}

#[tokio::test]
async fn columns_with_secret_names_are_redacted() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let event = rows(
            fixture,
            Capture::full(),
            "SELECT 1 AS id, 'hunter2' AS user_password",
        )
        .await;
        assert_eq!(event["columns"], json!(["id", "user_password"]));
        assert_eq!(event["rows"], json!([[1, "[redacted]"]]));
    })
    .await;
}

/// Secrets in another place than in the first result, and reads that are no writes.
async fn several_results<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    let sql = "SELECT 1 AS id; INSERT INTO items VALUES (1, 'a'), (2, 'b'); \
               SELECT 'hunter2' AS password, 2 AS id UNION ALL SELECT 'hunter2', 3";
    recorder
        .scope(sqlx::raw_sql(sql).fetch_all(&pool))
        .await
        .unwrap();

    let results = recorder.find("sql-wrows");
    assert_eq!(results[0]["columns"], json!(["id"]));
    assert_eq!(results[0]["rows"], json!([[1]]));
    assert_eq!(results[1]["columns"], json!(["password", "id"]));
    assert_eq!(
        results[1]["rows"],
        json!([["[redacted]", 2], ["[redacted]", 3]])
    );
    let query = recorder.one("sql-wconn-queryctx");
    assert!(results.iter().all(|result| result.is_child_of(&query)));
    assert_eq!(
        (&query["rows-returned"], &query["rows-aff"]),
        (&3.into(), &2.into())
    );
}

#[tokio::test]
async fn no_rows_are_taken_by_default() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture
            .pool
            .clone()
            .monitored_with(SqlConfig::new().capture(Capture::safe()));
        let recorder = Recorder::new();
        recorder.scope(pool.fetch_all("SELECT 1")).await.unwrap();
        assert!(recorder.find("sql-wrows").is_empty());
        assert_eq!(recorder.one("sql-wconn-queryctx")["rows-returned"], 1);
    })
    .await;
}

//! What the layer makes of what it is told, in sqlx's words and by hand.

use std::time::Duration;

use gomon_core::testing::Recorder;
use gomon_core::{Capture, EventTracker};
use gomon_sql::{SqlConfig, SqlxLayer};
use tracing::{Level, event, info_span};
use tracing_subscriber::layer::SubscriberExt;

/// Runs `f` as a part of a test, under a layer alone.
fn told(layer: SqlxLayer, f: impl FnOnce()) -> Recorder {
    let recorder = Recorder::new();
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || recorder.run(f));
    recorder
}

/// The same ten seconds after the beginning of time, before which nothing begins.
fn told_later(layer: SqlxLayer, f: impl FnOnce()) -> Recorder {
    let recorder = Recorder::new();
    recorder.manual_clock().advance(Duration::from_secs(10));
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || recorder.run(f));
    recorder
}

#[test]
fn a_statement_began_as_long_ago_as_it_took() {
    let recorder = told_later(SqlxLayer::new(), || {
        let _beside = EventTracker::new("beside");
        event!(
            target: "sqlx::query",
            Level::DEBUG,
            summary = "SELECT a FROM t …",
            db.statement = "\n\nSELECT a FROM t WHERE b = 5\n",
            rows_affected = 3_u64,
            rows_returned = 4_u64,
            elapsed_secs = 0.25,
        );
    });
    let statement = recorder.one("sql-wconn-queryctx");
    assert_eq!(statement["query"], "SELECT a FROM t WHERE b = ?");
    assert_eq!(statement["rows-returned"], 4);
    assert!(statement.get("rows-aff").is_none() && statement.get("slow").is_none());
    let quarter = Duration::from_millis(250).as_nanos();
    assert_eq!(u128::from(statement.lapsed()), quarter);
    assert!(statement.start() < recorder.one("beside").start());
}

#[test]
fn slow_ones_say_so() {
    let recorder = told_later(SqlxLayer::new(), || {
        let threshold = Duration::from_secs(1);
        event!(
            target: "sqlx::query",
            Level::WARN,
            summary = "DELETE FROM t",
            db.statement = "",
            rows_affected = 3_u64,
            elapsed_secs = 1.5,
            slow_threshold = ?threshold,
            "slow statement: execution time exceeded alert threshold"
        );
        event!(
            target: "sqlx::pool::acquire",
            Level::WARN,
            acquired_after_secs = 2.5,
            slow_acquire_threshold_secs = 2.0,
            "acquired connection, but time to acquire exceeded slow threshold"
        );
        event!(target: "sqlx::pool::acquire", Level::DEBUG, acquired_after_secs = 0.5, "acquired connection");
        event!(target: "sqlx::pool", Level::WARN, acquired_after_secs = 0.5, "something else");
    });
    let statement = recorder.one("sql-wstmt-execctx");
    assert_eq!(
        (&statement["slow"], &statement["rows-aff"]),
        (&true.into(), &3.into())
    );
    let waits = recorder.find("sql-wpool-acquire");
    assert_eq!(waits.len(), 2);
    assert_eq!(
        (&waits[0]["wait"], &waits[0]["slow"]),
        (&2_500_000_000_u64.into(), &true.into())
    );
    assert_eq!(waits[1]["wait"], 500_000_000);
    assert!(waits[1].get("slow").is_none());
    assert_eq!(waits[1].lapsed(), 500_000_000);
}

#[test]
fn the_text_is_taken_as_far_as_allowed() {
    let say = || {
        event!(target: "sqlx::query", Level::DEBUG, summary = "SELECT 'hunter2'", db.statement = "", elapsed_secs = 0.1);
    };
    for (capture, expected) in [
        (Capture::minimal(), None),
        (Capture::safe(), Some("SELECT ?")),
        (Capture::full(), Some("SELECT 'hunter2'")),
    ] {
        let layer = SqlxLayer::new().config(SqlConfig::new().capture(capture));
        let statement = told(layer, say).one("sql-wconn-queryctx");
        let query = statement.get("query").map(|query| query.as_str().unwrap());
        assert_eq!(query, expected);
        assert_eq!(statement["summary"], "SELECT");
    }
}

/// As sqlx's pull request 4270 has it, with the event inside of the span.
#[test]
fn a_statement_that_is_a_span_is_told_once_and_knows_its_database() {
    let recorder = told(SqlxLayer::new(), || {
        let mut request = EventTracker::new("request");
        let span = request.enter(|| {
            info_span!(
                target: "sqlx::query",
                "db.query",
                db.query.text = "SELECT \"a\" FROM \"t\" WHERE b = 'hunter2'",
                db.system.name = tracing::field::Empty,
                db.response.returned_rows = tracing::field::Empty,
            )
        });
        span.record("db.system.name", "postgresql");
        span.record("db.response.returned_rows", 2_u64);
        span.in_scope(|| {
            event!(target: "sqlx::query", Level::DEBUG, summary = "SELECT", db.statement = "", rows_returned = 2_u64, elapsed_secs = 9.0);
        });
        drop(span);
    });
    let statement = recorder.one("sql-wconn-queryctx");
    assert_eq!(statement["query"], "SELECT \"a\" FROM \"t\" WHERE b = ?");
    assert_eq!(
        (&statement["system"], &statement["rows-returned"]),
        (&"postgresql".into(), &2.into())
    );
    assert!(statement.is_child_of(&recorder.one("request")));
    assert!(statement.start() >= recorder.one("request").start());
}

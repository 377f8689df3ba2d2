//! Queries of which Diesel does not tell the end.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use gomon::EventTracker;
use gomon::testing::Recorder;

use crate::diesel_queries::connect;

/// A value that cannot be sent.
#[derive(Debug, AsExpression)]
#[diesel(sql_type = Text)]
enum Unsent {
    Refused,
    Panics,
}

impl ToSql<Text, Sqlite> for Unsent {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        match self {
            Self::Refused => Err("not this one".into()),
            Self::Panics => {
                out.set_value("");
                panic!("in the middle of a query")
            }
        }
        .map(|()| IsNull::No)
    }
}

fn send(connection: &mut SqliteConnection, value: &Unsent) -> QueryResult<usize> {
    sql_query("DELETE FROM items WHERE name = ?")
        .bind::<Text, _>(value)
        .execute(connection)
}

#[test]
fn a_value_that_is_refused_cancels_its_query_once() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        recorder.clear();
        EventTracker::new("request").enter(|| {
            send(&mut connection, &Unsent::Refused).unwrap_err();
            for _ in 0..3 {
                sql_query("DELETE FROM items")
                    .execute(&mut connection)
                    .unwrap();
            }
        });
    });
    let outcomes = outcomes(&recorder);
    assert_eq!(
        outcomes,
        ["cancelled", "completed", "completed", "completed"]
    );
}

#[test]
fn a_query_that_is_sent_again_after_a_lost_one_has_its_own_time() {
    let recorder = Recorder::new();
    let clock = recorder.manual_clock();
    recorder.run(|| {
        let mut connection = connect();
        recorder.clear();
        EventTracker::new("request").enter(|| {
            let lost = send(&mut connection, &Unsent::Refused);
            assert!(lost.is_err());
            clock.advance(std::time::Duration::from_secs(9));
            let sql = "DELETE FROM items WHERE name = ?";
            let query = sql_query(sql).bind::<Text, _>("a");
            query.execute(&mut connection).unwrap();
        });
    });
    let events = recorder.find("sql-wstmt-execctx");
    assert_eq!(events[0].outcome(), "cancelled");
    assert_eq!((events[1].outcome(), events[1].lapsed()), ("completed", 0));
}

#[test]
fn a_rollback_ends_a_lost_query_of_its_transaction() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        recorder.clear();
        let result = connection.transaction(|connection| send(connection, &Unsent::Refused));
        result.unwrap_err();
    });
    let ended: Vec<_> = recorder
        .events()
        .iter()
        .map(|event| event.fp().to_owned())
        .collect();
    let query = ended.iter().position(|fp| fp == "sql-wstmt-execctx");
    let rollback = ended.iter().position(|fp| fp == "sql-wtx-rollback");
    assert!(query.unwrap() < rollback.unwrap(), "{ended:?}");
}

#[test]
fn a_panic_ends_its_query_once_whether_the_connection_goes_on_or_not() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        recorder.clear();
        let panics = catch_unwind(AssertUnwindSafe(|| {
            send(&mut connection, &Unsent::Panics).ok();
        }));
        assert!(panics.is_err());
        sql_query("DELETE FROM items")
            .execute(&mut connection)
            .unwrap();
    });
    assert_eq!(outcomes(&recorder), ["cancelled", "completed"]);

    let recorder = Recorder::new();
    let panics = catch_unwind(AssertUnwindSafe(|| {
        recorder.run(|| {
            let mut connection = connect();
            recorder.clear();
            send(&mut connection, &Unsent::Panics).ok();
        });
    }));
    assert!(panics.is_err());
    assert_eq!(outcomes(&recorder), ["panicked"]);
}

#[test]
fn rows_that_are_dropped_halfway_end_their_query() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        recorder.clear();
        let query = crate::diesel_queries::items::table.select(crate::diesel_queries::items::id);
        let rows = query.load_iter::<i32, diesel::connection::DefaultLoadingMode>(&mut connection);
        drop(rows.unwrap());
        assert_eq!(recorder.one("sql-wconn-queryctx").outcome(), "completed");
    });
}

fn outcomes(recorder: &Recorder) -> Vec<String> {
    let events = recorder.find("sql-wstmt-execctx");
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|event| event.start());
    events
        .iter()
        .map(|event| event.outcome().to_owned())
        .collect()
}

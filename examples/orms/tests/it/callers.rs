//! The line that called, which is looked for on the stack.

use std::time::Duration;

use diesel::RunQueryDsl;
use gomon::testing::{Recorded, Recorder};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Runs the statement until its caller is known, which is found out elsewhere.
async fn caller_of(mut run: impl AsyncFnMut()) -> Recorded {
    for _ in 0..500 {
        let recorder = Recorder::new();
        recorder.scope(run()).await;
        let statement = recorder.one("sql-wconn-queryctx");
        if statement.get("caller").is_some() {
            return statement;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("its caller was not found");
}

#[track_caller]
fn assert_called_from(statement: &Recorded, line: u32) {
    let expected = format!("{}:{line}", file!());
    assert_eq!(statement["caller"], expected, "{statement}");
    assert_eq!(statement["caller-cached"], true);
}

#[tokio::test]
async fn a_query_of_diesel_has_its_line() {
    let query = caller_of(async || {
        let mut connection = crate::diesel_queries::connect();
        let query = diesel::sql_query("SELECT 1 AS of_diesel");
        query.execute(&mut connection).unwrap();
    });
    assert_called_from(&query.await, line!() - 2);
}

#[tokio::test]
async fn a_statement_of_rusqlite_has_its_line() {
    let statement = caller_of(async || {
        let connection = crate::rusqlite_statements::connect();
        let sql = "SELECT 1 AS of_rusqlite";
        connection.query_row(sql, [], |_| Ok(())).unwrap();
    });
    assert_called_from(&statement.await, line!() - 2);
}

#[tokio::test]
async fn a_statement_of_sea_orm_has_the_line_that_awaits_it() {
    let db = crate::seaorm::connect().await;
    let statement = caller_of(async || {
        let statement = Statement::from_string(DbBackend::Sqlite, "SELECT 1 AS of_sea_orm");
        db.query_one_raw(statement).await.unwrap();
    });
    assert_called_from(&statement.await, line!() - 2);
}

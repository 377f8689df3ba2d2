//! Diesel's transactions: their statements come as queries too, and are told once.

use diesel::prelude::*;
use diesel::result::Error;
use diesel::{Connection, sql_query};
use gomon::testing::Recorder;
use gomon::{EventTracker, assert_tree};

use crate::diesel_queries::connect;

fn run(connection: &mut SqliteConnection, sql: &str) -> QueryResult<usize> {
    sql_query(sql).execute(connection)
}

#[test]
fn what_is_in_a_transaction_is_its_child_and_begin_is_told_once() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        EventTracker::new("request").enter(|| {
            connection
                .transaction(|connection| run(connection, "DELETE FROM items"))
                .unwrap();
        });
        connection
            .immediate_transaction(|connection| run(connection, "SELECT 1"))
            .unwrap();
    });
    assert_tree!(
        recorder,
        r"
        driver-open
        sql-wconn
          sql-wstmt-execctx
          conn-begintx
            sql-wconn-queryctx
            sql-wtx-commit
        request
          conn-begintx
            sql-wstmt-execctx
            sql-wtx-commit
    "
    );
    assert_eq!(recorder.find("conn-begintx")[0]["system"], "sqlite");
}

#[test]
fn an_error_rolls_back() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        EventTracker::new("request").enter(|| {
            let result: QueryResult<()> = connection.transaction(|connection| {
                run(connection, "INSERT INTO items VALUES (1, 'a')")?;
                run(connection, "INSERT INTO items VALUES (1, 'b')")?;
                Ok(())
            });
            result.unwrap_err();
        });
    });
    assert_tree!(
        recorder,
        r"
        ..
        request
          conn-begintx
            sql-wstmt-execctx
            sql-wstmt-execctx failed
            sql-wtx-rollback
    "
    );
    let failed = &recorder.find("sql-wstmt-execctx")[2];
    assert_eq!(failed.at("error.0.type").unwrap(), "UniqueViolation");
    assert_eq!(
        failed.at("error.0.msg").unwrap(),
        "UNIQUE constraint failed: items.id"
    );
    assert_eq!(recorder.one("sql-wconn")["errors"], 1);
}

#[test]
fn nested_transactions_are_savepoints() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        EventTracker::new("request").enter(|| {
            let result = connection.transaction(|connection| {
                connection.transaction(|connection| run(connection, "DELETE FROM items"))?;
                let inner: QueryResult<()> =
                    connection.transaction(|_| Err(Error::RollbackTransaction));
                assert!(inner.is_err());
                QueryResult::Ok(())
            });
            result.unwrap();
        });
    });
    assert_tree!(
        recorder,
        r"
        ..
        request
          conn-begintx
            sql-savepoint
            sql-wstmt-execctx
            sql-savepoint
            sql-savepoint
            sql-savepoint
            sql-wtx-commit
    "
    );
    let savepoints = recorder.find("sql-savepoint");
    let summaries: Vec<_> = savepoints
        .iter()
        .map(|event| event["summary"].clone())
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
}

#[test]
fn a_commit_that_fails_is_rolled_back_and_both_are_told() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        run(&mut connection, "PRAGMA foreign_keys = ON").unwrap();
        let table =
            "CREATE TABLE parts (item INTEGER REFERENCES items DEFERRABLE INITIALLY DEFERRED)";
        run(&mut connection, table).unwrap();
        EventTracker::new("request").enter(|| {
            let result = connection
                .transaction(|connection| run(connection, "INSERT INTO parts VALUES (7)"));
            result.unwrap_err();
        });
    });
    assert_tree!(
        recorder,
        r"
        ..
        request
          conn-begintx failed
            sql-wstmt-execctx
            sql-wtx-commit failed
            sql-wtx-rollback
    "
    );
    let commit = recorder.one("sql-wtx-commit");
    assert_eq!(commit.at("error.0.type").unwrap(), "ForeignKeyViolation");
}

#[test]
fn a_connection_that_is_dropped_rolls_back() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        connection.begin_test_transaction().unwrap();
    });
    assert_eq!(recorder.one("sql-wtx-rollback")["implicit"], true);
    assert_eq!(recorder.one("conn-begintx").outcome(), "completed");
    let ended: Vec<_> = recorder
        .events()
        .iter()
        .map(|event| event.fp().to_owned())
        .collect();
    assert_eq!(ended.last().unwrap(), "sql-wconn");
}

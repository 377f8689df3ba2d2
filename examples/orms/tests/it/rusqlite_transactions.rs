//! rusqlite's transactions, told from the statements that make them.

use std::time::Duration;

use gomon::sql::SqlConfig;
use gomon::sql::rusqlite::install_with;
use gomon::testing::Recorder;
use gomon::{EventTracker, assert_tree};
use rusqlite::{Connection, TransactionBehavior};

use crate::rusqlite_statements::connect;

fn delete(connection: &Connection) {
    connection.execute("DELETE FROM items", []).unwrap();
}

#[test]
fn what_is_in_a_transaction_is_its_child_and_begin_is_told_once() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        EventTracker::new("request").enter(|| {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .unwrap();
            delete(&transaction);
            transaction.commit().unwrap();
            delete(&connection);
        });
    });
    assert_tree!(
        recorder,
        r"
        ..
        request
          conn-begintx
            sql-wstmt-execctx
            sql-wtx-commit
          sql-wstmt-execctx
    "
    );
    assert_eq!(recorder.one("conn-begintx")["system"], "sqlite");
}

#[test]
fn a_transaction_that_is_dropped_rolls_back() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        EventTracker::new("request").enter(|| delete(&connection.transaction().unwrap()));
    });
    assert_tree!(
        recorder,
        r"
        ..
        request
          conn-begintx
            sql-wstmt-execctx
            sql-wtx-rollback
    "
    );
}

#[test]
fn savepoints_are_told() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        EventTracker::new("request").enter(|| {
            let mut transaction = connection.transaction().unwrap();
            let kept = transaction.savepoint().unwrap();
            delete(&kept);
            kept.commit().unwrap();
            drop(transaction.savepoint().unwrap());
            transaction.commit().unwrap();
        });
    });
    let savepoints = recorder.find("sql-savepoint");
    let transaction = recorder.one("conn-begintx");
    assert!(
        savepoints
            .iter()
            .all(|event| event.is_child_of(&transaction))
    );
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
            "ROLLBACK TO SAVEPOINT",
            "RELEASE SAVEPOINT"
        ]
    );
    assert!(recorder.one("sql-wstmt-execctx").is_child_of(&transaction));
}

#[test]
fn a_connection_that_is_closed_rolls_back() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        connection.execute_batch("BEGIN").unwrap();
        delete(&connection);
        connection.close().unwrap();
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

#[test]
fn a_commit_that_nobody_records_ends_its_transaction() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        connection.execute_batch("BEGIN").unwrap();
        gomon::disable();
        connection.execute_batch("COMMIT").unwrap();
        gomon::enable();
        EventTracker::new("request").enter(|| delete(&connection));
    });
    let statement = recorder.one("sql-wstmt-execctx");
    assert!(statement.is_child_of(&recorder.one("request")));
}

#[test]
fn a_connection_that_is_monitored_again_has_one_event_a_statement_and_other_settings() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        let settings = SqlConfig::new().slow_after(Duration::ZERO);
        install_with(&connection, settings).unwrap();
        recorder.clear();
        delete(&connection);
    });
    assert_eq!(recorder.one("sql-wstmt-execctx")["slow"], true);
}

//! rusqlite with SQLite's error log, which is set for a process before SQLite is used.

use std::time::Duration;

use gomon::sql::rusqlite::{error_log, install};
use gomon::testing::Recorder;
use rusqlite::Connection;

#[test]
#[expect(unsafe_code, reason = "rusqlite's `config_log` is")]
fn a_statement_that_fails_has_its_code_and_message() {
    // SAFETY: this is the one test of its process, and `error_log` makes no call to SQLite.
    unsafe { rusqlite::trace::config_log(Some(error_log)) }.unwrap();
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = Connection::open_in_memory().unwrap();
        install(&connection).unwrap();
        let sql = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
                   CREATE TRIGGER refused BEFORE DELETE ON items BEGIN SELECT RAISE(ABORT, 'no ''hunter2'' here'); END;";
        connection.execute_batch(sql).unwrap();
        recorder.clear();
        let insert = "INSERT INTO items VALUES (1, 'hunter2')";
        // What goes wrong on connections that are not monitored is not of this one.
        let other = Connection::open_in_memory().unwrap();
        other.execute_batch(sql).unwrap();
        other.execute(insert, []).unwrap();
        other.execute(insert, []).unwrap_err();
        connection.execute(insert, []).unwrap();
        let mut select = connection.prepare("SELECT 1").unwrap();
        let mut rows = select.query([]).unwrap();
        rows.next().unwrap();
        other.execute(insert, []).unwrap_err();
        drop(rows);
        connection.execute(insert, []).unwrap_err();
        connection.execute("DELETE FROM items", []).unwrap_err();
        connection.execute("SELECT 1 FROM items WHERE name = 'hunter2", []).unwrap_err();
    });
    let events = recorder.find("sql-wstmt-execctx");
    let outcomes: Vec<_> = events.iter().map(|event| event.outcome()).collect();
    assert_eq!(outcomes, ["completed", "failed", "failed"]);
    assert_eq!(events[1]["code"], "1555");
    assert_eq!(events[1].at("error.0.type").unwrap(), "SQLITE_CONSTRAINT");
    assert_eq!(
        events[1].at("error.0.msg").unwrap(),
        "UNIQUE constraint failed: items.id"
    );
    assert_eq!(events[2]["code"], "1811");
    assert_eq!(recorder.one("sql-wconn-queryctx").outcome(), "completed");
    assert_eq!(recorder.one("sql-wconn")["errors"], 2);
    for event in recorder.events() {
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }
    who_is_busy_does_not_say_so();
    a_begin_that_is_refused_leaves_the_transaction_open();
}

fn a_begin_that_is_refused_leaves_the_transaction_open() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = Connection::open_in_memory().unwrap();
        install(&connection).unwrap();
        connection
            .execute_batch("BEGIN; CREATE TABLE items (id INTEGER)")
            .unwrap();
        connection.execute_batch("BEGIN").unwrap_err();
        connection
            .execute_batch("INSERT INTO items VALUES (1); COMMIT")
            .unwrap();
    });
    let transactions = recorder.find("conn-begintx");
    let [refused, open] = &transactions[..] else {
        panic!("{}", recorder.tree());
    };
    assert_eq!((refused.outcome(), open.outcome()), ("failed", "completed"));
    assert!(
        recorder
            .find("sql-wstmt-execctx")
            .iter()
            .all(|it| it.is_child_of(open))
    );
    assert!(recorder.one("sql-wtx-commit").is_child_of(open));
}

/// What docs/sql.md says that SQLite does not log.
fn who_is_busy_does_not_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Connection::open(folder.path().join("shop.db")).unwrap();
    let recorder = Recorder::new();
    recorder.run(|| {
        let (connection, other) = (open(), open());
        install(&connection).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let sql = "CREATE TABLE items (id INTEGER); BEGIN IMMEDIATE";
        other.execute_batch(sql).unwrap();
        recorder.clear();
        let insert = connection.execute("INSERT INTO items VALUES (1)", []);
        let code = insert.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::DatabaseBusy));
    });
    assert_eq!(recorder.one("sql-wstmt-execctx").outcome(), "completed");
}

//! What SQLite's trace tells of rusqlite's statements.

use gomon::sql::SqlConfig;
use gomon::sql::rusqlite::{install, install_with};
use gomon::testing::Recorder;
use gomon::{Capture, EventTracker, assert_tree};
use rusqlite::{Connection, params};
use serde_json::json;

/// A connection with a table, monitored from then on.
pub(crate) fn connect() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        .unwrap();
    install(&connection).unwrap();
    connection
}

fn three_rows(connection: &Connection) {
    let sql = "INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')";
    connection.execute(sql, []).unwrap();
}

#[test]
fn statements_are_children_of_what_is_current_and_have_their_keys() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        three_rows(&connection);
        EventTracker::new("request").enter(|| {
            let mut statement = connection
                .prepare("SELECT name FROM items WHERE id > ? AND name <> 'hunter2'")
                .unwrap();
            let names = statement.query_map([1], |row| row.get::<_, String>(0));
            assert_eq!(names.unwrap().count(), 2);
        });
    });
    assert_tree!(
        recorder,
        r"
        sql-wconn
          sql-wstmt-execctx
        request
          sql-wconn-queryctx
    "
    );
    let query = recorder.one("sql-wconn-queryctx");
    assert_eq!(query["system"], "sqlite");
    assert_eq!(query["summary"], "SELECT items");
    assert_eq!(
        query["query"],
        "SELECT name FROM items WHERE id > ? AND name <> ?"
    );
    assert_eq!(query["digest"].as_str().unwrap().len(), 16);
    assert_eq!(query["rows-returned"], 2);
    assert!(query["first-row"].as_u64().unwrap() <= query.lapsed());
    let connection = recorder.one("sql-wconn");
    assert_eq!(query["conn"], connection.id());
    assert_eq!(connection["queries"], 2);
    for unseen in ["params", "params-count", "prepared", "rows-aff", "error"] {
        assert!(query.get(unseen).is_none(), "{unseen}: {query}");
    }
}

#[test]
fn values_are_told_where_they_are_captured() {
    let recorder = Recorder::new();
    recorder.set_capture(Capture::full());
    recorder.run(|| {
        let connection = connect();
        let sql = "INSERT INTO items VALUES (?1, ?2)";
        connection.execute(sql, params![7, "it's"]).unwrap();
        let json = r#"{"password":"hunter2"}"#;
        connection.execute(sql, params![8, json]).unwrap();
    });
    let config = SqlConfig::new().capture(Capture::safe());
    recorder.run(|| {
        let safe = Connection::open_in_memory().unwrap();
        install_with(&safe, config).unwrap();
        safe.execute_batch("SELECT 'a'").unwrap();
    });
    assert_eq!(recorder.one("sql-wconn-queryctx")["query"], "SELECT ?");
    let events = recorder.find("sql-wstmt-execctx");
    assert_eq!(events[0]["params"], json!([7, "it's"]));
    assert_eq!(events[0]["query"], "INSERT INTO items VALUES (?1, ?2)");
    assert!(!format!("{:?}", events[1]).contains("hunter2"));
}

#[test]
fn each_run_of_a_statement_and_each_statement_of_a_batch_is_an_event() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        EventTracker::new("runs").enter(|| {
            let mut statement = connection
                .prepare("INSERT INTO items (name) VALUES (?)")
                .unwrap();
            for name in ["a", "b"] {
                statement.execute([name]).unwrap();
            }
        });
        EventTracker::new("batch").enter(|| {
            let sql = "DELETE FROM items; SELECT 1;";
            connection.execute_batch(sql).unwrap();
        });
    });
    assert_tree!(
        recorder,
        r"
        sql-wconn
        runs
          sql-wstmt-execctx
          sql-wstmt-execctx
        batch
          sql-wstmt-execctx
          sql-wconn-queryctx
    "
    );
}

#[test]
fn statements_run_inside_of_each_other_and_each_has_its_own_rows() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        three_rows(&connection);
        recorder.clear();
        let sql = "SELECT id FROM items WHERE id > ?";
        let mut outer = connection.prepare(sql).unwrap();
        let mut inner = connection.prepare(sql).unwrap();
        let mut rows = outer.query([0]).unwrap();
        rows.next().unwrap();
        assert!(inner.exists([2]).unwrap());
        while rows.next().unwrap().is_some() {}
    });
    let events = recorder.find("sql-wconn-queryctx");
    let rows: Vec<_> = events.iter().map(|event| &event["rows-returned"]).collect();
    assert_eq!(rows, [1, 3], "the inner one ends first");
}

#[test]
fn rows_that_are_dropped_halfway_end_their_statement() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        three_rows(&connection);
        let mut statement = connection.prepare("SELECT id FROM items").unwrap();
        let mut rows = statement.query([]).unwrap();
        rows.next().unwrap();
        assert!(recorder.find("sql-wconn-queryctx").is_empty());
        drop(rows);
        let query = recorder.one("sql-wconn-queryctx");
        assert_eq!(
            (query.outcome(), &query["rows-returned"]),
            ("completed", &json!(1))
        );
    });
}

#[test]
fn what_a_virtual_table_runs_is_a_part_of_its_statement() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        recorder.clear();
        let sql = "CREATE VIRTUAL TABLE pages USING fts5(body)";
        connection.execute(sql, []).unwrap();
        let sql = "INSERT INTO pages VALUES ('a b'), ('c d')";
        connection.execute(sql, []).unwrap();
        let sql = "SELECT count(*) FROM pages WHERE pages MATCH 'c'";
        let found: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, 1);
    });
    assert_eq!(recorder.find("sql-wstmt-execctx").len(), 2);
    assert_eq!(recorder.one("sql-wconn-queryctx")["rows-returned"], 1);
}

#[test]
fn the_first_run_after_another_connection_changed_the_schema_ends_early() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let recorder = Recorder::new();
    recorder.run(|| {
        let (connection, other) = (Connection::open(&path).unwrap(), Connection::open(&path));
        connection
            .execute_batch("CREATE TABLE items (id INTEGER)")
            .unwrap();
        install(&connection).unwrap();
        let mut statement = connection
            .prepare("SELECT 1 FROM items UNION ALL SELECT 2")
            .unwrap();
        for schema in ["CREATE TABLE more (id INTEGER)", "SELECT 1"] {
            other.as_ref().unwrap().execute_batch(schema).unwrap();
            assert_eq!(statement.query_map([], |_| Ok(())).unwrap().count(), 1);
        }
    });
    let events = recorder.find("sql-wconn-queryctx");
    let rows: Vec<_> = events.iter().map(|event| &event["rows-returned"]).collect();
    assert_eq!(rows, [0, 1]);
}

#[test]
fn what_a_trigger_runs_is_a_part_of_its_statement() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        let sql = "CREATE TABLE log (id INTEGER);
                   CREATE TRIGGER logged AFTER INSERT ON items BEGIN INSERT INTO log VALUES (new.id); END;";
        connection.execute_batch(sql).unwrap();
        recorder.clear();
        three_rows(&connection);
    });
    assert_eq!(recorder.one("sql-wstmt-execctx")["summary"], "INSERT items");
}

#[test]
fn a_statement_that_fails_is_not_known_to_and_one_that_cannot_be_prepared_is_not_seen() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let connection = connect();
        three_rows(&connection);
        recorder.clear();
        let sql = "INSERT INTO items VALUES (1, 'x')";
        connection.execute(sql, []).unwrap_err();
        connection.execute("SELECT nothing", []).unwrap_err();
    });
    // See `rusqlite_errors` for what SQLite's log adds.
    assert_eq!(recorder.one("sql-wstmt-execctx").outcome(), "completed");
}

#[test]
fn connections_of_one_thread_are_not_mistaken_for_each_other() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let (first, second) = (connect(), connect());
        let transaction = first.unchecked_transaction().unwrap();
        EventTracker::new("request").enter(|| {
            second.execute("DELETE FROM items", []).unwrap();
        });
        transaction.commit().unwrap();
        drop(first);
        let third = connect();
        third.execute("DELETE FROM items", []).unwrap();
    });
    let deletes = recorder.find("sql-wstmt-execctx");
    assert!(deletes[0].is_child_of(&recorder.one("request")));
    let connections = recorder.find("sql-wconn");
    assert_eq!(connections.len(), 3);
    assert_ne!(deletes[0]["conn"], deletes[1]["conn"]);
}

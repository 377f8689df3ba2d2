//! What is said of a connection of Diesel's and of its queries.

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text};
use gomon::sql::SqlConfig;
use gomon::sql::diesel::{GomonInstrumentation, System, install};
use gomon::testing::Recorder;
use gomon::{Capture, EventTracker, assert_tree};
use serde_json::json;

diesel::table! {
    items (id) {
        id -> Integer,
        name -> Nullable<Text>,
    }
}

/// A connection with a table, made as a part of the test.
pub(crate) fn connect() -> SqliteConnection {
    install().unwrap();
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    sql_query("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        .execute(&mut connection)
        .unwrap();
    connection
}

fn insert(connection: &mut SqliteConnection, id: i32, name: &str) -> QueryResult<usize> {
    diesel::insert_into(items::table)
        .values((items::id.eq(id), items::name.eq(name)))
        .execute(connection)
}

#[test]
fn queries_are_children_of_what_is_current_and_have_their_keys() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        EventTracker::new("request").enter(|| {
            insert(&mut connection, 1, "hunter2").unwrap();
            items::table
                .select(items::name)
                .filter(items::id.eq(1))
                .load::<Option<String>>(&mut connection)
                .unwrap();
        });
    });
    assert_tree!(
        recorder,
        r"
        driver-open
        sql-wconn
          sql-wstmt-execctx
        request
          sql-wstmt-execctx
          conn-prepare
          sql-wconn-queryctx
          conn-prepare
    "
    );
    let opened = recorder.one("driver-open");
    assert_eq!(
        (&opened["driver"], &opened["dsn"]),
        (&json!("sqlite"), &json!(":memory:"))
    );
    let connection = recorder.one("sql-wconn");
    assert_eq!(
        (&connection["queries"], &connection["errors"]),
        (&json!(3), &json!(0))
    );
    let query = recorder.one("sql-wconn-queryctx");
    assert_eq!(query["system"], "sqlite");
    assert_eq!(query["summary"], "SELECT items");
    assert_eq!(
        query["query"],
        "SELECT `items`.`name` FROM `items` WHERE (`items`.`id` = ?)"
    );
    assert_eq!(query["digest"].as_str().unwrap().len(), 16);
    assert_eq!(query["conn"], connection.id());
    for unseen in ["params", "params-count", "prepared", "rows-returned"] {
        assert!(query.get(unseen).is_none(), "{unseen}: {query}");
    }
    let prepared = &recorder.find("conn-prepare")[1];
    assert_eq!(prepared["digest"], query["digest"]);
    for event in recorder.events() {
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }
}

#[test]
fn values_are_told_where_they_are_captured() {
    let recorder = Recorder::new();
    recorder.set_capture(Capture::full());
    recorder.run(|| {
        let mut connection = connect();
        insert(&mut connection, 7, "a, \"b\"").unwrap();
        sql_query("SELECT 'it' WHERE ? = 1")
            .bind::<Text, _>(r#"{"password":"hunter2"}"#)
            .execute(&mut connection)
            .unwrap();
    });
    let inserted = &recorder.find("sql-wstmt-execctx")[1];
    assert_eq!(inserted["params"], json!([7, "a, \"b\""]));
    assert!(!inserted["query"].as_str().unwrap().contains("binds"));
    let selected = recorder.one("sql-wconn-queryctx");
    assert_eq!(selected["query"], "SELECT 'it' WHERE ? = 1");
    assert!(!format!("{selected:?}").contains("hunter2"));
}

#[test]
fn literals_and_the_values_in_errors_are_masked() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        sql_query("SELECT 'hunter2' AS a, 7 AS b")
            .execute(&mut connection)
            .unwrap();
        sql_query("SELECT * FROM items WHERE name = 'hunter2' 'hunter2")
            .execute(&mut connection)
            .unwrap_err();
    });
    let events = recorder.find("sql-wconn-queryctx");
    assert_eq!(events[0]["query"], "SELECT ? AS a, ? AS b");
    assert_eq!(events[1].outcome(), "failed");
    for event in recorder.events() {
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }
}

#[test]
fn the_password_of_a_url_is_never_told() {
    install().unwrap();
    let recorder = Recorder::new();
    recorder.run(|| {
        let url = "file:/nowhere/shop.db?password=hunter2";
        SqliteConnection::establish(url).err().unwrap();
    });
    let opened = recorder.one("driver-open");
    assert_eq!(opened.outcome(), "failed");
    assert_eq!(opened.at("error.0.type").unwrap(), "BadConnection");
    assert!(opened["dsn"].as_str().unwrap().starts_with("file:"));
    assert!(!format!("{opened:?}").contains("hunter2"), "{opened:?}");
    assert!(recorder.find("sql-wconn").is_empty());
}

#[test]
fn a_connection_that_was_there_before_needs_its_system_for_its_text() {
    let recorder = Recorder::new();
    let query = |instrumentation: GomonInstrumentation| {
        let mut connection = connect();
        connection.set_instrumentation(instrumentation);
        recorder.clear();
        recorder.run(|| sql_query("SELECT 1").execute(&mut connection).unwrap());
        recorder.one("sql-wconn-queryctx")
    };
    let unknown = query(GomonInstrumentation::new());
    assert!(unknown.get("system").is_none() && unknown.get("query").is_none());
    assert_eq!(unknown["summary"], "SELECT");
    let known = query(GomonInstrumentation::new().system(System::Sqlite));
    assert_eq!(
        (&known["system"], &known["query"]),
        (&json!("sqlite"), &json!("SELECT ?"))
    );
    let config = SqlConfig::new().capture(Capture::full());
    let full = query(
        GomonInstrumentation::new()
            .system(System::Sqlite)
            .config(config),
    );
    assert_eq!(full["query"], "SELECT 1");
}

#[test]
fn another_instrumentation_still_gets_each_event() {
    let (sender, receiver) = std::sync::mpsc::sync_channel(10);
    let mine = move |event: InstrumentationEvent<'_>| {
        let name = format!("{event:?}");
        sender.send(name.split(' ').next().unwrap().to_owned()).ok();
    };
    let recorder = Recorder::new();
    let mut connection = connect();
    let both = GomonInstrumentation::new().system(System::Sqlite).and(mine);
    connection.set_instrumentation(both);
    recorder.run(|| items::table.count().execute(&mut connection).unwrap());
    drop(connection);
    assert_eq!(recorder.one("sql-wconn-queryctx").outcome(), "completed");
    let theirs: Vec<_> = receiver.iter().collect();
    assert_eq!(theirs, ["StartQuery", "CacheQuery", "FinishQuery"]);
}

#[tokio::test]
async fn a_task_that_lost_its_context_makes_orphans_and_one_that_took_it_along_does_not() {
    let recorder = Recorder::new();
    let mut connection = connect();
    connection.set_instrumentation(GomonInstrumentation::new().system(System::Sqlite));
    let query = move || {
        sql_query("SELECT 1")
            .execute(&mut connection)
            .map(|_| connection)
    };
    let lost = recorder.context().carry(query);
    let connection = tokio::task::spawn_blocking(lost).await.unwrap();
    assert!(recorder.one("sql-wconn-queryctx").is_orphan());
    recorder.clear();
    let mut connection = connection.unwrap();
    let request = recorder.run(|| EventTracker::new("request"));
    let query = move || sql_query("SELECT 1").execute(&mut connection).unwrap();
    let carried = request.context().carry(query);
    tokio::task::spawn_blocking(carried).await.unwrap();
    drop(request);
    let query = recorder.one("sql-wconn-queryctx");
    assert!(!query.is_orphan() && query.is_child_of(&recorder.one("request")));
}

#[test]
fn nothing_is_told_of_integers_that_are_no_rows() {
    // `rows-aff` is not Diesel's to tell an instrumentation.
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut connection = connect();
        sql_query("UPDATE items SET name = NULL WHERE id = ?")
            .bind::<Integer, _>(1)
            .execute(&mut connection)
            .unwrap();
    });
    let update = &recorder.find("sql-wstmt-execctx")[1];
    assert_eq!(update["summary"], "UPDATE items");
    assert!(update.get("rows-aff").is_none());
}

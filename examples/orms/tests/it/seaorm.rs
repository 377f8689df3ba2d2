//! What SeaORM's metric callback tells.

use gomon::sql::SqlConfig;
use gomon::sql::sea_orm::{callback, callback_with, install};
use gomon::testing::{Recorded, Recorder};
use gomon::{Capture, FutureExt, assert_tree};
use sea_orm::entity::prelude::*;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Set, Statement,
    TransactionTrait,
};
use serde_json::json;

mod item {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "items")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A connection with a table, monitored from then on.
pub(crate) async fn connect() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    let mut db = Database::connect(options).await.unwrap();
    db.execute_unprepared("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        .await
        .unwrap();
    install(&mut db);
    db
}

fn named(name: &str) -> item::ActiveModel {
    item::ActiveModel {
        name: Set(name.to_owned()),
        ..Default::default()
    }
}

fn raw(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

#[tokio::test]
async fn statements_are_children_of_what_is_current_and_have_their_keys() {
    let db = connect().await;
    let recorder = Recorder::new();
    let request = async {
        named("hunter2").insert(&db).await.unwrap();
        let found = item::Entity::find_by_id(1).one(&db).await.unwrap();
        assert_eq!(found.unwrap().name, "hunter2");
    };
    recorder.scope(request.monitored("request")).await;
    assert_tree!(
        recorder,
        r"
        request
          sql-wconn-queryctx
          sql-wconn-queryctx
    "
    );
    let [insert, query] = &recorder.find("sql-wconn-queryctx")[..] else {
        panic!("{}", recorder.tree());
    };
    assert_eq!(insert["summary"], "INSERT items");
    assert_eq!(query["system"], "sqlite");
    assert_eq!(query["summary"], "SELECT items");
    assert_eq!(query["params-count"], 2);
    assert_eq!(query["digest"].as_str().unwrap().len(), 16);
    for unseen in ["params", "prepared", "rows-returned", "rows-aff"] {
        assert!(query.get(unseen).is_none(), "{unseen}: {query}");
    }
    for event in recorder.events() {
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }
}

#[tokio::test]
async fn an_event_starts_when_its_statement_did() {
    let db = connect().await;
    let recorder = Recorder::new();
    let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) \
                SELECT max(i) FROM n";
    let request = async { db.query_one_raw(raw(long)).await.unwrap() };
    recorder.scope(request.monitored("request")).await;
    let (request, query) = (recorder.one("request"), recorder.one("sql-wconn-queryctx"));
    // All of it but the way there and back; without the start it would be next to nothing.
    assert!(
        query.lapsed() > request.lapsed() / 2,
        "{query} in {request}"
    );
    assert!(query.start() >= request.start(), "{query} in {request}");
}

#[tokio::test]
async fn a_statement_that_fails_has_an_outcome_and_no_error() {
    let db = connect().await;
    let recorder = Recorder::new();
    let request = async {
        named("a").insert(&db).await.unwrap();
        named("a").insert(&db).await.unwrap_err();
        db.execute_raw(raw("DELETE FROM nothing WHERE a = 'hunter2'"))
            .await
            .unwrap_err();
    };
    recorder.scope(request.monitored("request")).await;
    assert_tree!(
        recorder,
        r"
        request
          sql-wconn-queryctx
          sql-wconn-queryctx failed
          sql-wstmt-execctx failed
    "
    );
    let failed = recorder.one("sql-wstmt-execctx");
    assert!(failed.get("error").is_none());
    assert_eq!(failed["query"], "DELETE FROM nothing WHERE a = ?");
}

async fn value(recorder: &Recorder, db: &DatabaseConnection) -> Recorded {
    let sql = "SELECT ? AS a, ? AS b, 'x' AS c";
    let values = [7.into(), r#"{"password":"hunter2"}"#.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    recorder.clear();
    recorder.scope(db.query_all_raw(statement)).await.unwrap();
    recorder.one("sql-wconn-queryctx")
}

#[tokio::test]
async fn values_are_told_where_they_are_captured() {
    let mut db = connect().await;
    let recorder = Recorder::new();
    let safe = value(&recorder, &db).await;
    assert_eq!(safe["query"], "SELECT ? AS a, ? AS b, ? AS c");
    assert_eq!(safe["params-count"], 2);
    db.set_metric_callback(callback_with(SqlConfig::new().capture(Capture::full())));
    let full = value(&recorder, &db).await;
    assert_eq!(full["query"], "SELECT ? AS a, ? AS b, 'x' AS c");
    assert_eq!(full["params"][0], 7);
    assert_eq!(full["params"][1], json!(r#"{"password":"[redacted]"}"#));
}

#[tokio::test]
async fn what_is_in_a_transaction_is_told_and_the_transaction_is_not() {
    let db = connect().await;
    let recorder = Recorder::new();
    let request = async {
        let transaction = db.begin().await.unwrap();
        named("a").insert(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
    };
    recorder.scope(request.monitored("request")).await;
    assert_tree!(
        recorder,
        r"
        request
          sql-wconn-queryctx
    "
    );
}

#[tokio::test]
async fn a_callback_of_ones_own_can_call_ours() {
    let mut db = connect().await;
    let (sender, receiver) = std::sync::mpsc::sync_channel(10);
    let told = callback();
    db.set_metric_callback(move |info| {
        told(info);
        sender.send(info.statement.sql.clone()).ok();
    });
    let recorder = Recorder::new();
    recorder
        .scope(db.query_one_raw(raw("SELECT 1")))
        .await
        .unwrap();
    assert_eq!(recorder.one("sql-wconn-queryctx")["query"], "SELECT ?");
    assert_eq!(receiver.recv().unwrap(), "SELECT 1");
}

#[tokio::test]
async fn a_stream_ends_when_it_is_dropped() {
    use sea_orm::StreamTrait;

    let db = connect().await;
    let recorder = Recorder::new();
    let work = async {
        let rows = db.stream_raw(raw("SELECT 1")).await.unwrap();
        assert!(recorder.find("sql-wconn-queryctx").is_empty());
        drop(rows);
    };
    recorder.scope(work).await;
    assert_eq!(recorder.one("sql-wconn-queryctx").outcome(), "completed");
}

#[tokio::test]
async fn a_statement_of_a_task_that_lost_its_context_is_an_orphan() {
    let db = connect().await;
    let recorder = Recorder::new();
    let work = async move { db.query_one_raw(raw("SELECT 1")).await.unwrap() };
    tokio::spawn(work.in_context(recorder.context()))
        .await
        .unwrap();
    assert!(recorder.one("sql-wconn-queryctx").is_orphan());
}

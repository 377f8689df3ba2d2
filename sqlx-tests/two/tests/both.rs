//! What was written for sqlx 0.8 is seen beside what is wrapped of sqlx 0.9, and each statement has one event.

use std::sync::{Arc, Mutex};

use gomon_core::Event;
use gomon_sql::{PoolExt, SqlxLayer};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test]
async fn both_are_seen_and_each_statement_once() {
    let subscriber = tracing_subscriber::registry().with(SqlxLayer::new());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let listener = move |event: &Event| {
        let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
        told.lock().unwrap().push(json);
    };
    let gomon = gomon_core::builder().listener(listener).start().unwrap();

    let new = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let new = new.connect("sqlite::memory:").await.unwrap().monitored();
    let old = sqlx_08::sqlite::SqlitePoolOptions::new().max_connections(1);
    let old = old.connect("sqlite::memory:").await.unwrap();
    gomon_core::root("import", async {
        let steps = async {
            sqlx::query("CREATE TABLE new (a INTEGER)")
                .execute(&new)
                .await
                .unwrap();
            sqlx_08::query("CREATE TABLE old (a INTEGER)")
                .execute(&old)
                .await
                .unwrap();
            sqlx_08::query("INSERT INTO old VALUES (7), (8)")
                .execute(&old)
                .await
                .unwrap();
            let rows = sqlx_08::query("SELECT a FROM old")
                .fetch_all(&old)
                .await
                .unwrap();
            assert_eq!(rows.len(), 2);
        };
        steps.instrument(tracing::info_span!("steps")).await;
    })
    .await;
    new.close().await;
    old.close().await;
    drop(gomon.shutdown());

    let events = events.lock().unwrap();
    let statements: Vec<_> = events
        .iter()
        .filter(|event| event.get("query").is_some())
        .collect();
    let said: Vec<_> = statements
        .iter()
        .map(|event| {
            let rows = event.get("rows-returned").or(event.get("rows-aff"));
            let text = event["query"].as_str().unwrap();
            (
                text,
                rows.and_then(serde_json::Value::as_u64),
                event.get("system").is_some(),
            )
        })
        .collect();
    let expected = [
        ("CREATE TABLE new (a INTEGER)", None, true),
        ("CREATE TABLE old (a INTEGER)", None, false),
        ("INSERT INTO old VALUES (?), (?)", Some(2), false),
        ("SELECT a FROM old", Some(2), false),
    ];
    assert_eq!(said, expected, "{statements:#?}");
    let import = events
        .iter()
        .find(|event| event["gomon:fp"] == "import")
        .unwrap();
    assert!(
        statements
            .iter()
            .all(|event| event["parent"] == import["id"]),
        "{statements:#?}"
    );
}

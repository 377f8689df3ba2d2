//! The layer without any filter, and what the layers beside it see; in a process of its own, for SQLite's thread.
#![cfg(all(feature = "sqlite", feature = "tracing"))]

use std::sync::{Arc, Mutex};

use gomon_core::logs::GomonLayer;
use gomon_core::{Event, Gomon};
use gomon_sql::{MonitoredSqlitePool, PoolExt, SqlxLayer};
use sqlx::Executor;
use sqlx::sqlite::SqlitePoolOptions;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Instrument, Subscriber, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The names of spans, as a layer sees them.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<&'static str>>>);

impl Spans {
    fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl<S: Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.0.lock().unwrap().push(attributes.metadata().name());
    }
}

/// The events of the whole process.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<serde_json::Value>>>);

impl Told {
    fn start(&self) -> Gomon {
        let told = self.clone();
        let listener = move |event: &Event| {
            let json = serde_json::from_str(&event.to_json()).unwrap();
            told.0.lock().unwrap().push(json);
        };
        let builder = gomon_core::builder().application_id("test");
        builder.listener(listener).start().unwrap()
    }

    fn of(&self, fingerprints: &[&str]) -> Vec<serde_json::Value> {
        let mut events = self.0.lock().unwrap().clone();
        events.retain(|event| fingerprints.contains(&event["gomon:fp"].as_str().unwrap()));
        events
    }
}

/// One connection: each one to `:memory:` would have a database of its own.
async fn open() -> MonitoredSqlitePool {
    let options = SqlitePoolOptions::new().max_connections(1);
    options
        .connect("sqlite::memory:")
        .await
        .unwrap()
        .monitored()
}

#[tokio::test]
async fn statements_without_a_span_are_told_once() {
    let (all, serious) = (Spans::default(), Spans::default());
    let subscriber = tracing_subscriber::registry()
        .with(SqlxLayer::new())
        .with(GomonLayer::new())
        .with(all.clone())
        .with(serious.clone().with_filter(LevelFilter::INFO));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let told = Told::default();
    let gomon = told.start();

    let pool = open().await;
    gomon_core::root("import", async {
        pool.execute("CREATE TABLE t (a INTEGER)").await.unwrap();
        pool.fetch_all("SELECT a FROM t").await.unwrap();
        assert_eq!(all.taken(), ["gomon.sql", "gomon.sql"]);
        pool.inner().fetch_all("SELECT a FROM t t").await.unwrap();
        assert_eq!(all.taken(), [""; 0], "it needs no mark");
        let step = pool.inner().fetch_all("SELECT a FROM t u");
        step.instrument(info_span!("step")).await.unwrap();
    })
    .await;
    pool.close().await;
    assert_eq!(serious.taken(), ["step"]);
    drop(gomon.shutdown());

    let statements = told.of(&["sql-wconn-queryctx", "sql-wstmt-execctx"]);
    let texts: Vec<_> = statements.iter().map(|event| &event["query"]).collect();
    assert_eq!(
        texts,
        [
            "CREATE TABLE t (a INTEGER)",
            "SELECT a FROM t",
            "SELECT a FROM t t",
            "SELECT a FROM t u",
        ]
    );
    let parents = ["import", "import", "application", "step"];
    for (statement, parent) in statements.iter().zip(parents) {
        let parent = &told.of(&[parent])[0];
        assert_eq!(statement["parent"], parent["id"], "{statement}");
    }
}

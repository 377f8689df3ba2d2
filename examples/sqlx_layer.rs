//! sqlx's own pool, as it is: one layer makes events of what sqlx tells `tracing`.
//!
//!     cargo run --example sqlx_layer

use std::error::Error;

use gomon::prelude::*;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, info_span};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .application_id("sqlx_layer")
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;
    // Each layer with a filter of its own: one for all of them would keep what sqlx says at DEBUG from the first, too.
    let taken = filter_fn(|metadata| metadata.is_span() || metadata.target().starts_with("sqlx::"));
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_filter(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry()
        .with(SqlxLayer::new().with_filter(taken))
        .with(lines);
    tracing::subscriber::set_global_default(subscriber)?;

    // One connection: each one to `:memory:` would have a database of its own.
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await?;
    gomon::root("import", import(&pool)).await?;
    pool.close().await;
    println!("{}", gomon.shutdown()); // delivers what is pending

    let events = memory.events();
    let of = |fp| {
        events
            .iter()
            .filter(move |event| event["gomon:fp"] == fp)
            .collect::<Vec<_>>()
    };
    let (import, query) = (of("import")[0], of("sql-wconn-queryctx"));
    // That of the wrapper and that of the raw pool.
    assert_eq!(query.len(), 2);
    assert!(query.iter().all(|event| event["parent"] == import["id"]));
    assert_eq!(
        (&query[1]["summary"], &query[1]["rows-returned"]),
        (&"SELECT users".into(), &1.into())
    );
    Ok(())
}

async fn import(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let work = async {
        let table = "CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('Ada')";
        sqlx::raw_sql(table).execute(pool).await?;
        // A wrapper knows more; the layer leaves out what it reports.
        let monitored = pool.clone().monitored();
        sqlx::query("SELECT 1").fetch_one(&monitored).await?;
        let ada = "SELECT name FROM users WHERE name = 'Ada'";
        sqlx::query(ada).fetch_all(pool).await
    };
    // SQLite's statements run on a thread of sqlx's own: the span is the way back to what they are part of.
    work.instrument(info_span!("import")).await.map(drop)
}

//! A monitored sqlx pool: statements, rows and transactions as a tree of events.

use std::error::Error;

use gomon::prelude::*;
use sqlx::sqlite::SqlitePoolOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .application_id("sql_typed")
        .capture(Capture::full()) // with rows; of bound values a typed pool sees the number, see sql_any_driver.rs
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;

    // Work that no request caused has a name of its own; on a task, without it the statements would be orphans.
    gomon::root("import", import()).await?;
    println!("{}", gomon.shutdown()); // delivers what is pending

    let events = memory.events();
    let of = |fp| {
        events
            .iter()
            .filter(move |event| event["gomon:fp"] == fp)
            .collect::<Vec<_>>()
    };
    let (transaction, query) = (of("conn-begintx")[0], of("sql-wconn-queryctx")[0]);
    let mut inserts = of("sql-wstmt-execctx");
    inserts.retain(|event| event["parent"] == transaction["id"]);
    assert_eq!(inserts.len(), 2);
    assert_eq!(
        (&query["summary"], &query["rows-returned"]),
        (&"SELECT users".into(), &2.into())
    );
    assert_eq!(of("sql-wrows")[0]["rows"][1][0], "Grace");
    Ok(())
}

async fn import() -> Result<(), sqlx::Error> {
    // One connection: each one to `:memory:` would have a database of its own.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await?
        .monitored();
    sqlx::query("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        .execute(&pool)
        .await?;

    let mut tx = pool.begin().await?;
    for name in ["Ada", "Grace"] {
        sqlx::query("INSERT INTO users (name) VALUES (?)")
            .bind(name)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;

    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM users ORDER BY id")
        .fetch_all(&pool)
        .await?;
    assert_eq!(names, ["Ada", "Grace"]);
    Ok(())
}

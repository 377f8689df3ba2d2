//! sqlx's `AnyPool` over a monitored driver: no change but the registration, and the bound values are seen too.

use std::error::Error;

use gomon::prelude::*;
use sqlx::any::AnyPoolOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .application_id("sql_any_driver")
        .capture(Capture::full()) // with bound values
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;

    // Instead of `sqlx::any::install_default_drivers()`: every driver that is compiled in.
    MonitoredDriver::auto_register()?;
    gomon::root("import", import()).await?;
    println!("{}", gomon.shutdown()); // delivers what is pending

    let events = memory.events();
    let of = |fp| {
        events
            .iter()
            .filter(move |event| event["gomon:fp"] == fp)
            .collect::<Vec<_>>()
    };
    let job = of("import")[0];
    let insert = of("sql-wstmt-execctx")[1];
    assert_eq!(
        (&insert["summary"], &insert["parent"]),
        (&"INSERT users".into(), &job["id"])
    );
    assert_eq!(insert["params"][0], "Ada");
    assert_eq!(insert["conn"], of("sql-wconn")[0]["id"]);
    assert!(!of("driver-open").is_empty());
    Ok(())
}

async fn import() -> Result<(), sqlx::Error> {
    // One connection: each one to `:memory:` would have a database of its own. The scheme `sqlite:` works too.
    let pool = AnyPoolOptions::new()
        .max_connections(1)
        .connect("monitored-sqlite::memory:")
        .await?;
    sqlx::query("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        .execute(&pool)
        .await?;
    sqlx::query("INSERT INTO users (name) VALUES (?)")
        .bind("Ada")
        .execute(&pool)
        .await?;

    let (name,): (String,) = sqlx::query_as("SELECT name FROM users")
        .fetch_one(&pool)
        .await?;
    assert_eq!(name, "Ada");
    pool.close().await;
    Ok(())
}

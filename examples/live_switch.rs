//! All there is of one user's orders, while the program runs: rows and values of what is done for this user alone.
//!
//!     cargo run --example live_switch
//!
//! Everybody else costs what it did before. `gomon.toml` can turn it on too, see docs/switches.md.

use std::time::Duration;

use gomon::Event;
use gomon::sql::PoolExt;
use gomon::switch::{self, Switch};
use sqlx::sqlite::SqlitePoolOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gomon = gomon::builder()
        .listener(|event: &Event| {
            if event.fp() == "sql-wrows" || event.fp() == "log" {
                println!("{}", event.to_json());
            }
        })
        .start()?;
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await?.monitored();

    Switch::new("orders of ada")
        .user("ada")
        .rows(5)
        .lasting(Duration::from_secs(60))
        .at_most(100)
        .turn_on()?;
    for user in ["joe", "ada", "eve"] {
        let order = async {
            gomon::current().set("user", user);
            let placed = sqlx::query("SELECT ? AS name, 3 AS apples").bind(user);
            placed.fetch_one(&pool).await
        };
        gomon::root("order", order).await?;
    }

    for on in switch::list() {
        println!("{}: {}; {} so far", on.name, on.what, on.matched);
    }
    assert!(switch::turn_off("orders of ada"));
    println!("{}", gomon.shutdown());
    Ok(())
}

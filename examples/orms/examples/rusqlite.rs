//! rusqlite: one line where the connection is made.
//!
//! Run it with `cargo run -p orms --example rusqlite`.

use std::error::Error;

use gomon::sql::rusqlite::{error_log, install};
use gomon::{EventTracker, LogListener};
use rusqlite::Connection;

#[expect(unsafe_code, reason = "rusqlite's `config_log` is")]
fn main() -> Result<(), Box<dyn Error>> {
    // Without it, a statement that fails is told as completed: SQLite's trace does not know.
    // SAFETY: nothing else runs yet, and `error_log` makes no call to SQLite.
    unsafe { rusqlite::trace::config_log(Some(error_log)) }?;

    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;
    EventTracker::new("import").enter(import)?;
    println!("{}", gomon.shutdown());

    let events = memory.events();
    let of = |fp| events.iter().find(|event| event["gomon:fp"] == fp).unwrap();
    assert_eq!(of("conn-begintx")["parent"], of("import")["id"]);
    assert_eq!(of("sql-wconn-queryctx")["rows-returned"], 1);
    let failed = events
        .iter()
        .find(|event| event["gomon:outcome"] == "failed");
    assert_eq!(failed.unwrap()["code"], "2067"); // SQLITE_CONSTRAINT_UNIQUE
    Ok(())
}

fn import() -> Result<(), Box<dyn Error>> {
    let mut connection = Connection::open_in_memory()?;
    install(&connection)?;
    connection.execute_batch("CREATE TABLE users (name TEXT NOT NULL UNIQUE)")?;

    let transaction = connection.transaction()?;
    let insert = "INSERT INTO users VALUES (?)";
    transaction.execute(insert, ["Ada"])?;
    assert!(transaction.execute(insert, ["Ada"]).is_err());
    transaction.commit()?;

    let users: i64 = connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    assert_eq!(users, 1);
    Ok(())
}

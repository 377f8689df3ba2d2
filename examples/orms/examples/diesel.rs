//! Diesel: one line at the start of the program, and nothing where connections are used.
//!
//! Run it with `cargo run -p orms --example diesel`.

use std::error::Error;

use diesel::prelude::*;
use diesel::sql_query;
use gomon::LogListener;

diesel::table! {
    /// Who is known.
    users (id) {
        /// A number of its own.
        id -> Integer,
        /// What it is called.
        name -> Text,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;
    gomon::sql::diesel::install()?;

    // Diesel blocks its thread. gomon's `spawn_blocking` takes the context along: the statements are children of "import".
    gomon::root("import", async { gomon::spawn_blocking(import).await }).await??;
    println!("{}", gomon.shutdown());

    let events = memory.events();
    let of = |fp| events.iter().find(|event| event["gomon:fp"] == fp).unwrap();
    let (transaction, query) = (of("conn-begintx"), of("sql-wconn-queryctx"));
    assert_eq!(of("sql-wtx-commit")["parent"], transaction["id"]);
    assert_eq!(query["summary"], "SELECT users");
    assert_eq!(query["query"], "SELECT `users`.`name` FROM `users`");
    Ok(())
}

fn import() -> QueryResult<()> {
    let mut connection = SqliteConnection::establish(":memory:")
        .map_err(|error| diesel::result::Error::QueryBuilderError(error.into()))?;
    sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        .execute(&mut connection)?;
    connection.transaction(|connection| {
        for name in ["Ada", "Grace"] {
            diesel::insert_into(users::table)
                .values(users::name.eq(name))
                .execute(connection)?;
        }
        QueryResult::Ok(())
    })?;
    let names = users::table
        .select(users::name)
        .load::<String>(&mut connection)?;
    assert_eq!(names, ["Ada", "Grace"]);
    Ok(())
}

//! Makes the database of the tests anew: `prepare SERVER DATABASE SQL…`, with a URL, a URL, and files.

use std::{env, fs};

use sqlx_core::any::AnyConnection;
use sqlx_core::connection::Connection;
use sqlx_core::executor::Executor;
use sqlx_core::sql_str::AssertSqlSafe;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [server, database, files @ ..] = arguments.as_slice() else {
        return Err("usage: prepare SERVER DATABASE SQL...".into());
    };
    sqlx::any::install_default_drivers();
    let name = database.rsplit('/').next().unwrap_or_default();
    let mut connection = AnyConnection::connect(server).await?;
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        let statement = AssertSqlSafe(format!("{statement} {name}"));
        connection.execute(sqlx::raw_sql(statement)).await?;
    }
    connection.close().await?;
    let mut connection = AnyConnection::connect(database).await?;
    for file in files {
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(fs::read_to_string(file)?)))
            .await?;
    }
    connection.close().await?;
    Ok(())
}

//! An `AnyPool` on sqlx's own drivers that is `.monitored()`. Drivers are installed once in a process.
#![cfg(all(feature = "sqlite", feature = "any"))]

use gomon_core::testing::Recorder;
use gomon_sql::{MonitoredDriver, PoolExt, RegisterError};
use sqlx::any::AnyPoolOptions;

#[tokio::test]
async fn the_wrapper_reports_by_itself() {
    sqlx::any::install_default_drivers();
    let late = MonitoredDriver::auto_register();
    assert_eq!(late, Err(RegisterError::AlreadyInstalled));
    let options = AnyPoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let pool = pool.monitored();
            let mut tx = pool.begin().await.unwrap();
            let query = sqlx::query("SELECT ?").bind(1);
            query.fetch_one(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
    let transaction = recorder.one("conn-begintx");
    let statement = recorder.one("sql-wconn-queryctx");
    assert!(statement.is_child_of(&transaction));
    assert_eq!(statement["system"], "sqlite");
    assert_eq!(statement["params-count"], 1);
    assert_eq!(statement.get("conn"), None, "nobody sees it");
    assert!(recorder.find("sql-wconn").is_empty());
}

//! Settings of the drivers, which are those of a process.
#![cfg(all(feature = "sqlite", feature = "any"))]

use std::time::Duration;

use gomon_core::Capture;
use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::{MonitoredDriver, SqlConfig};
use sqlx::any::AnyPoolOptions;

/// The one statement of a pool that is opened now.
async fn statement() -> Recorded {
    let recorder = Recorder::new();
    let work = async {
        let options = AnyPoolOptions::new().max_connections(1);
        let pool = options.connect("sqlite::memory:").await.unwrap();
        let query = sqlx::query("SELECT ?").bind("hunter2");
        query.fetch_all(&pool).await.unwrap();
        pool.close().await;
    };
    recorder.scope(work).await;
    recorder.one("sql-wconn-queryctx")
}

#[tokio::test]
async fn connections_have_the_settings_that_were_there_when_they_were_opened() {
    MonitoredDriver::auto_register().unwrap();
    let before = statement().await;
    MonitoredDriver::configure(
        SqlConfig::new()
            .slow_after(Duration::ZERO)
            .capture(Capture::full()),
    );
    let configured = statement().await;
    MonitoredDriver::configure(SqlConfig::new());
    let after = statement().await;

    assert_eq!(configured["slow"], true);
    assert_eq!(configured["params"][0], "hunter2");
    for other in [before, after] {
        assert_eq!((other.get("slow"), other.get("params")), (None, None));
    }
}

//! Plans in a program of its own: what gomon asks the database for is no work of the program.
#![cfg(all(feature = "sqlite", feature = "any"))]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gomon_core::Event;
use gomon_sql::{MonitoredDriver, PoolExt, SqlConfig};

#[tokio::test]
async fn what_gomon_asks_for_is_not_monitored() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&seen);
    let _gomon = gomon_core::builder()
        .listener(move |event: &Event| listener.lock().unwrap().push(event.fp().to_owned()))
        .start()
        .unwrap();
    MonitoredDriver::auto_register().unwrap();
    let options = sqlx::any::AnyPoolOptions::new().max_connections(1);
    let pool = options.connect_lazy("sqlite::memory:").unwrap();
    let config = SqlConfig::new()
        .slow_after(Duration::ZERO)
        .explain_slow(Duration::ZERO);
    let pool = pool.monitored_with(config);
    sqlx::query("SELECT 1").fetch_all(&pool).await.unwrap();
    let count = |fp: &str| seen.lock().unwrap().iter().filter(|it| *it == fp).count();
    for _ in 0..500 {
        gomon_core::flush(Duration::from_secs(10)).unwrap();
        if count("sql-explain") > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((count("sql-explain"), count("sql-wconn-queryctx")), (1, 1));
    assert_eq!((count("driver-open"), count("sql-wconn")), (1, 1));
}

//! Opening a pool, well and badly.

use std::net::TcpListener;
use std::time::Duration;

use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::{MonitoredPgPool, MonitoredSqlitePool, PoolExt, PoolOptionsExt};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;

/// No secret is anywhere in the events.
fn hides_the_password(recorder: &Recorder) {
    for event in recorder.records() {
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }
}

fn opened(recorder: &Recorder) -> Recorded {
    hides_the_password(recorder);
    recorder.one("driver-open")
}

#[tokio::test]
async fn opening_a_pool_is_one_event() {
    let recorder = Recorder::new();
    let pool = recorder
        .scope(MonitoredSqlitePool::connect("sqlite::memory:"))
        .await
        .unwrap();
    pool.close().await;

    let event = opened(&recorder);
    assert_eq!(event.outcome(), "completed");
    assert_eq!(event["driver"], "sqlite");
    assert_eq!(event["dsn"], "sqlite::memory:");
    assert!(
        event.get("orphan").is_none(),
        "a program opens its pools at its start, which needs no cause"
    );
}

#[tokio::test]
async fn a_bad_url_gives_the_error_of_sqlx_and_an_event() {
    for url in [
        "postgres://me:hunter2@host:notaport/db",
        "postgres://me:hunter2@localhost/db?sslmode=nonsense",
        "postgres://me:hunter2@ho st/db",
    ] {
        let recorder = Recorder::new();
        let plain = sqlx::PgPool::connect(url).await.unwrap_err();
        let error = recorder
            .scope(MonitoredPgPool::connect(url))
            .await
            .unwrap_err();

        assert_eq!(error.to_string(), plain.to_string());
        let event = opened(&recorder);
        assert_eq!(event.outcome(), "failed", "{event:?}");
        assert_eq!(event["error"][0]["type"], "Configuration");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_gives_the_error_of_sqlx() {
    let recorder = Recorder::new();
    let url = "sqlite:///no/such/folder/shop.db";
    let plain = sqlx::SqlitePool::connect(url).await.unwrap_err();
    let error = recorder
        .scope(MonitoredSqlitePool::connect(url))
        .await
        .unwrap_err();

    assert_eq!(error.to_string(), plain.to_string());
    let event = opened(&recorder);
    assert_eq!((event.outcome(), &event["code"]), ("failed", &"14".into()));
}

/// A port of this machine that refuses: it was free a moment ago.
fn refusing_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[tokio::test]
async fn a_refused_port_times_out_after_the_acquire_timeout() {
    let url = format!("postgres://me:hunter2@127.0.0.1:{}/db", refusing_port());
    let options = PgPoolOptions::new().acquire_timeout(Duration::from_secs(2));
    let pool = options.connect_lazy(&url).unwrap().monitored();
    let recorder = Recorder::new();
    let error = recorder
        .scope(sqlx::query("SELECT 1").execute(&pool))
        .await
        .unwrap_err();

    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
    hides_the_password(&recorder);
    for fp in ["sql-wpool-acquire", "sql-wstmt-execctx"] {
        let event = recorder.one(fp);
        assert_eq!(event.outcome(), "timed-out");
        assert_eq!(event["error"][0]["type"], "PoolTimedOut");
    }
    assert!(recorder.one("sql-wpool-acquire")["wait"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn connect_to_a_refused_port_is_a_timed_out_opening() {
    let url = format!("postgres://me:hunter2@127.0.0.1:{}/db", refusing_port());
    let recorder = Recorder::new();
    let options = PgPoolOptions::new().acquire_timeout(Duration::from_secs(2));
    let error = recorder
        .scope(options.connect_monitored(&url))
        .await
        .unwrap_err();

    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
    let event = opened(&recorder);
    assert_eq!(event.outcome(), "timed-out");
    assert_eq!(event["driver"], "postgresql");
}

#[tokio::test]
async fn options_without_a_url_connect_as_well() {
    // sqlx cannot make a URL of either, and panics when asked to.
    let memory = SqliteConnectOptions::new().in_memory(true);
    let recorder = Recorder::new();
    let pool = recorder
        .scope(MonitoredSqlitePool::connect_with(memory))
        .await
        .unwrap();
    pool.close().await;
    assert!(
        opened(&recorder)["dsn"]
            .as_str()
            .unwrap()
            .starts_with("sqlite:")
    );

    let socket = PgConnectOptions::new_without_pgpass()
        .socket("/no/such/folder")
        .username("me")
        .password("hunter2")
        .database("db");
    let recorder = Recorder::new();
    let connect = MonitoredPgPool::connect_with(socket);
    recorder.scope(connect).await.unwrap_err();
    let event = opened(&recorder);
    assert_eq!(event.outcome(), "failed");
    assert_eq!(event["dsn"], "postgres://me@/db?host=/no/such/folder");
}

//! Who holds a pool's connections, for how long, and how the pool is doing.

use std::time::Duration;

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use gomon_core::{Context, FutureExt, probe};
use gomon_sql::{MonitoredSqlitePool, PoolExt, PoolOptionsExt, SqlConfig};
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;

use crate::engines::{Fixture, on, server};

async fn pool_of(connections: u32, config: SqlConfig) -> MonitoredSqlitePool {
    let options = SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_millis(50));
    let pool = options.connect("sqlite::memory:").await.unwrap();
    pool.monitored_with(config)
}

fn here(line: u32) -> String {
    format!("{}:{line}", file!())
}

#[tokio::test]
async fn an_exhausted_pool_says_who_holds_its_connections() {
    let pool = pool_of(3, SqlConfig::new()).await;
    let recorder = Recorder::new();
    let (lease, transaction) = recorder
        .scope(async {
            let lease = (pool.acquire().await.unwrap(), line!());
            let transaction = (pool.begin().await.unwrap(), line!());
            let mut rows = sqlx::query("SELECT 1 UNION ALL SELECT 2").fetch(&pool);
            rows.try_next().await.unwrap();
            assert!(pool.acquire().await.is_err());
            (lease.1, transaction.1)
        })
        .await;

    let waits = recorder.find("sql-wpool-acquire");
    let refused = waits.last().unwrap();
    assert_eq!(refused.outcome(), "timed-out");
    let holders = refused["holders"].as_array().unwrap();
    let what: Vec<_> = holders.iter().map(|it| &it["holder"]).collect();
    assert_eq!(what, ["lease", "transaction", "SELECT"]);
    assert_eq!(holders[0]["caller"], here(lease));
    assert_eq!(holders[1]["caller"], here(transaction));
    for holder in holders {
        assert!(holder["held"].as_u64().unwrap() >= 50_000_000, "{holder}");
    }
    let others = waits.iter().filter(|it| it.get("holders").is_some());
    assert_eq!(others.count(), 1, "told where it is needed");
}

#[tokio::test]
async fn who_is_not_recorded_holds_a_connection_all_the_same() {
    let pool = pool_of(1, SqlConfig::new()).await;
    let recorder = Recorder::new();
    let unseen = async { (pool.acquire().await.unwrap(), line!()) };
    let (_lease, line) = unseen.in_context(Context::unmonitored()).await;
    recorder.scope(pool.acquire()).await.unwrap_err();
    let refused = recorder.one("sql-wpool-acquire");
    assert_eq!(refused["holders"][0]["caller"], here(line));
}

#[tokio::test]
async fn who_gave_its_connection_back_holds_none() {
    let pool = pool_of(1, SqlConfig::new()).await;
    let recorder = Recorder::new();
    let line = recorder
        .scope(async {
            drop(pool.acquire().await.unwrap());
            sqlx::query("SELECT 1").execute(&pool).await.unwrap();
            pool.begin().await.unwrap().commit().await.unwrap();
            // It is given back by a task.
            while pool.num_idle() == 0 {
                tokio::task::yield_now().await;
            }
            let _taken = pool.try_acquire().unwrap();
            let line = line!() - 1;
            assert!(pool.acquire().await.is_err());
            line
        })
        .await;
    let waits = recorder.find("sql-wpool-acquire");
    let holders = waits.last().unwrap()["holders"].as_array().unwrap();
    assert_eq!(holders.len(), 1);
    assert_eq!(holders[0]["caller"], here(line));
}

#[tokio::test]
async fn a_connection_held_too_long_is_told_of_once() {
    let config = SqlConfig::new().leak_after(Duration::from_millis(30));
    let pool = pool_of(2, config).await;
    let recorder = Recorder::new();
    let (lease, line) = recorder
        .scope(async { (pool.acquire().await.unwrap(), line!()) })
        .await;
    let leaks = recorder.wait_for("sql-leak", 1);
    assert_eq!(leaks[0]["caller"], here(line));
    assert_eq!(leaks[0]["holder"], "lease");
    assert!(leaks[0]["held"].as_u64().unwrap() >= 30_000_000);
    assert_eq!(
        leaks[0].parent(),
        recorder.one("sql-wpool-acquire").parent(),
        "a child of the application"
    );

    // Whoever is told of next comes after every chance to tell of the first again.
    let second = recorder.scope(pool.acquire()).await.unwrap();
    let leaks = recorder.wait_for("sql-leak", 2);
    assert_ne!(leaks[1]["caller"], here(line));
    assert_eq!(recorder.find("sql-leak").len(), 2);
    drop((lease, second));
}

#[tokio::test]
async fn a_pool_is_sampled_once_it_is_used() {
    let config = SqlConfig::new().sampled_every(Duration::from_millis(20));
    let pool = pool_of(4, config).await;
    let recorder = Recorder::new();
    let lease = recorder.scope(pool.acquire()).await.unwrap();
    let samples = recorder.wait_for("sql-pool", 2);
    let first = &samples[0];
    assert_eq!(
        (&first["system"], &first["size"], &first["idle"]),
        (&"sqlite".into(), &1.into(), &0.into())
    );
    assert_eq!((&first["max"], &first["waiting"]), (&4.into(), &0.into()));
    assert!(first["acquire-p99"].as_u64().unwrap() > 0);
    assert_eq!(samples[1].get("acquire-p99"), None, "nobody waited since");
    drop(lease);
}

#[tokio::test]
async fn a_pool_can_be_asked_at_any_time() {
    let recorder = Recorder::new();
    let pool = recorder.scope(pool_of(4, SqlConfig::new())).await;
    let lease = recorder.scope(pool.acquire()).await.unwrap();
    let reading = recorder.run(|| probe::read().remove(0));
    assert_eq!(reading.name, "sql-pool-sqlite");
    let gauge = |name| *reading.gauge(name).unwrap().as_ref().unwrap();
    assert_eq!((gauge("size"), gauge("idle")), (1.0, 0.0));
    assert_eq!((gauge("max"), gauge("waiting")), (4.0, 0.0));
    drop((lease, pool));
    assert!(recorder.run(probe::names).is_empty());
}

#[tokio::test]
async fn opening_a_connection_is_told_apart_from_waiting_for_one() {
    let options = SqlitePoolOptions::new()
        .max_connections(2)
        .min_connections(0)
        .after_connect_monitored(|_, _| Box::pin(async { Ok(()) }));
    let pool = options.connect_lazy("sqlite::memory:").unwrap().monitored();
    told_apart(pool).await;
}

#[tokio::test]
async fn opening_a_connection_to_a_server_is_told_apart_too() {
    let Some(url) = server("GOMON_TEST_POSTGRES_URL") else {
        return;
    };
    let options = sqlx::postgres::PgPoolOptions::new()
        .max_connections(2)
        .after_connect_monitored(|_, _| Box::pin(async { Ok(()) }));
    told_apart(options.connect_lazy(&url).unwrap().monitored()).await;
}

async fn told_apart<DB: gomon_sql::MonitoredDb>(pool: gomon_sql::MonitoredPool<DB>) {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let first = pool.acquire().await.unwrap();
            let second = pool.acquire().await.unwrap();
            // The third waits for the first to be given back, and opens nothing.
            let (third, ()) = tokio::join!(pool.acquire(), async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                drop(first);
            });
            drop((second, third.unwrap()));
        })
        .await;
    let waits = recorder.find("sql-wpool-acquire");
    for opened in &waits[..2] {
        let (wait, connect) = (&opened["wait"], &opened["connect"]);
        assert!(connect.as_u64().unwrap() > 0, "{opened}");
        assert!(connect.as_u64() <= wait.as_u64(), "{opened}");
        let most = connect.as_u64().unwrap() * 2 >= wait.as_u64().unwrap();
        assert!(most, "nobody else had the connections: {opened}");
    }
    assert_eq!(waits[2].get("connect"), None, "{}", waits[2]);
}

#[tokio::test]
async fn a_pool_without_the_callback_does_not_guess() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let _lease = recorder.scope(pool.acquire()).await.unwrap();
        assert_eq!(recorder.one("sql-wpool-acquire").get("connect"), None);
    })
    .await;
}

#[tokio::test]
async fn never_is_a_time_too() {
    let config = SqlConfig::new()
        .sampled_every(Duration::MAX)
        .leak_after(Duration::MAX)
        .slow_after(Duration::MAX)
        .long_transaction(Duration::MAX)
        .idle_in_transaction(Duration::MAX)
        .explain_slow(Duration::MAX);
    let pool = pool_of(1, config).await;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            pool.begin().await.unwrap().commit().await.unwrap();
            sqlx::query("SELECT 1").fetch_all(&pool).await.unwrap();
        })
        .await;
    assert_eq!(recorder.one("sql-wconn-queryctx").get("slow"), None);
}

#[tokio::test]
async fn a_pool_that_has_a_name_is_told_by_it() {
    let config = SqlConfig::new()
        .name("orders")
        .sampled_every(Duration::from_millis(20))
        .leak_after(Duration::from_millis(20));
    let recorder = Recorder::new();
    let pool = recorder.scope(pool_of(1, config)).await;
    let lease = recorder.scope(pool.acquire()).await.unwrap();
    assert_eq!(recorder.run(probe::names), ["sql-pool-orders"]);
    for fp in ["sql-pool", "sql-leak", "sql-wpool-acquire"] {
        assert_eq!(recorder.wait_for(fp, 1)[0]["pool"], "orders", "{fp}");
    }
    drop(lease);
}

#[tokio::test]
async fn a_lease_is_in_flight_by_the_line_that_took_it() {
    let pool = pool_of(1, SqlConfig::new()).await;
    let recorder = Recorder::new();
    let (lease, line) = recorder
        .scope(async { (pool.acquire().await.unwrap(), line!()) })
        .await;
    let in_flight = recorder.run(gomon_core::in_flight);
    assert_eq!(in_flight[0].kind, "sql-wlease");
    assert_eq!(in_flight[0].label, here(line));
    drop(lease);
    assert!(recorder.run(gomon_core::in_flight).is_empty());
    assert_eq!(recorder.one("sql-wlease")["caller"], here(line));
}

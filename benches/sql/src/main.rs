//! What monitoring adds to a query of SQLite in memory on a pool of one connection.

mod floor;
mod peer;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use bench_kit::{Arm, Counting, Table, run, ticks};
use futures_util::TryStreamExt;
use gomon::Event;
use gomon::sql::{MonitoredSqlitePool, PoolExt, SqlProfile};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Executor, Sqlite};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ARMS: &[&str] = &[
    "sqlx_plain",
    "floor",
    "gomon",
    "gomon_off",
    "sqlx_otel_noprovider",
    "sqlx_otel_traces",
    "sqlx_otel_traces_metrics",
];

const TABLES: &[Table] = &[
    Table::new("10 rows at once", "rows10", ARMS, "sqlx_plain"),
    Table::new("1 row", "rows1", ARMS, "sqlx_plain"),
    Table::new("10 rows as a stream", "stream10", ARMS, "sqlx_plain"),
];

const QUERY: &str = "SELECT id, name, email FROM users WHERE id <= ?";

/// Queries of one burst.
const BURST: u64 = 64;

fn main() -> ExitCode {
    run("sql", TABLES, &[], make)
}

fn make(arm: &str, input: &str) -> Option<Arm> {
    let workload = Workload::named(input)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let pool = runtime.block_on(users()).expect("SQLite in memory");
    Some(match arm {
        "sqlx_plain" => queries(runtime, workload, pool, unrecorded),
        "floor" => queries(runtime, workload, pool, floor::record),
        "gomon" => {
            start_gomon();
            let pool = pool.monitored();
            runtime.block_on(find_caller(workload, &pool));
            queries(runtime, workload, pool, unrecorded)
                .flush(|| gomon::flush(Duration::from_secs(10)).expect("the sink keeps up"))
                .delivers(1.0, delivered)
        }
        "gomon_off" => {
            start_gomon();
            gomon::disable();
            queries(runtime, workload, pool.monitored(), unrecorded)
        }
        "sqlx_otel_noprovider" => queries(runtime, workload, peer::pool(pool), unrecorded),
        "sqlx_otel_traces" | "sqlx_otel_traces_metrics" => {
            let flush = peer::install(arm.ends_with("metrics"));
            queries(runtime, workload, peer::pool(pool), unrecorded)
                .flush(flush)
                .delivers(1.0, delivered)
        }
        _ => return None,
    })
}

/// Bursts of queries on `pool`; `record` is called after each of them with the ticks at its start.
fn queries(runtime: Runtime, workload: Workload, pool: impl Queried, record: fn(u64)) -> Arm {
    let runtime = Mutex::new(runtime);
    Arm::new(BURST, move || {
        let runtime = runtime.lock().expect("a panic ends the process");
        runtime.block_on(async {
            for _ in 0..BURST {
                let start = ticks();
                pool.query(workload).await.expect("the table is there");
                record(start);
            }
        });
    })
}

/// Pools by name, because a bound `for<'p> &'p P: Executor<'p>` does not compile beside sqlx-otel (E0275).
trait Queried: Send + Sync + 'static {
    async fn query(&self, workload: Workload) -> sqlx::Result<()>;
}

macro_rules! queried {
    ($($pool:ty),*) => {$(
        impl Queried for $pool {
            async fn query(&self, workload: Workload) -> sqlx::Result<()> {
                workload.query(self).await
            }
        }
    )*};
}

queried!(SqlitePool, MonitoredSqlitePool, sqlx_otel::Pool<Sqlite>);

fn unrecorded(_start: u64) {}

#[derive(Clone, Copy)]
enum Workload {
    Rows(i64),
    Stream(i64),
}

impl Workload {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "rows10" => Self::Rows(10),
            "rows1" => Self::Rows(1),
            "stream10" => Self::Stream(10),
            _ => return None,
        })
    }

    async fn query<'p, E>(self, pool: E) -> sqlx::Result<()>
    where
        E: Executor<'p, Database = Sqlite>,
    {
        match self {
            Self::Rows(count) => {
                let rows = sqlx::query(QUERY).bind(count).fetch_all(pool).await?;
                assert_eq!(rows.len() as i64, count);
                black_box(rows);
            }
            Self::Stream(count) => {
                let mut rows = sqlx::query(QUERY).bind(count).fetch(pool);
                let mut seen = 0;
                while let Some(row) = rows.try_next().await? {
                    black_box(row);
                    seen += 1;
                }
                assert_eq!(seen, count);
            }
        }
        Ok(())
    }
}

/// A pool of one connection to a table of 1,000 users.
async fn users() -> sqlx::Result<SqlitePool> {
    let options: SqliteConnectOptions = "sqlite::memory:".parse()?;
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .connect_with(options.disable_statement_logging())
        .await?;
    pool.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT)")
        .await?;
    for id in 1..=1000 {
        sqlx::query("INSERT INTO users VALUES (?, ?, ?)")
            .bind(id)
            .bind(format!("user-{id}"))
            .bind(format!("user{id}@example.com"))
            .execute(&pool)
            .await?;
    }
    Ok(pool)
}

/// Queries until the line that calls is found, which is done once, by another thread.
async fn find_caller(workload: Workload, pool: &MonitoredSqlitePool) {
    let is_found = || {
        let profile = SqlProfile::read();
        profile.lines().iter().any(|line| line.caller.is_some())
    };
    while !is_found() {
        workload.query(pool).await.expect("the table is there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One event a query is expected; the one about the wait for the pool is paid for, not counted.
fn start_gomon() {
    let started = gomon::builder()
        .application_id("bench")
        .listener(|event: &Event| {
            if event.fp() == "sql-wconn-queryctx" {
                deliver(1);
            }
        })
        .start();
    std::mem::forget(started.expect("gomon starts once a process"));
}

static DELIVERED: AtomicU64 = AtomicU64::new(0);

/// Called by the last step of every arm: so many events arrived.
fn deliver(events: u64) {
    DELIVERED.fetch_add(events, SeqCst);
}

fn delivered() -> u64 {
    DELIVERED.load(SeqCst)
}

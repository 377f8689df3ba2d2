//! A fresh, private database of each engine.

use gomon_core::Capture;
use gomon_sql::{MonitoredDb, MonitoredPool, PoolExt, SqlConfig};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, MySql, Pool, Postgres, Sqlite};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

pub(crate) const MAX_CONNECTIONS: u32 = 2;

/// A database of its own with the table `items (id INTEGER PRIMARY KEY, name TEXT)`, and a pool of two connections.
pub(crate) struct Fixture<DB: MonitoredDb> {
    pub(crate) pool: Pool<DB>,
    /// What the engine needs to find the fixture's own connections.
    name: String,
    _folder: TempDir,
}

impl<DB: MonitoredDb> Fixture<DB> {
    pub(crate) fn monitored(&self) -> MonitoredPool<DB> {
        self.pool
            .clone()
            .monitored_with(SqlConfig::new().capture(Capture::full()))
    }
}

/// What the scenarios need of an engine.
#[allow(async_fn_in_trait, reason = "only tests implement and call it")]
pub(crate) trait Engine: MonitoredDb + Sized {
    const SYSTEM: &'static str;
    /// `None`, and one line that says so, where the environment names no server.
    async fn open() -> Option<Fixture<Self>>;
    /// Which session of the server a pool's connection is.
    async fn session(_pool: &Pool<Self>) -> Option<i64> {
        None
    }
    /// How many transactions the server holds open for the fixture.
    async fn open_transactions(fixture: &Fixture<Self>) -> i64;
}

impl Engine for Sqlite {
    const SYSTEM: &'static str = "sqlite";

    async fn open() -> Option<Fixture<Self>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .connect_with(options)
            .await
            .unwrap();
        pool.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
            .await
            .unwrap();
        Some(Fixture {
            pool,
            name: file.display().to_string(),
            _folder: folder,
        })
    }

    async fn open_transactions(fixture: &Fixture<Self>) -> i64 {
        // A lock for writing is refused at once while another connection holds one, or reads.
        let options = SqliteConnectOptions::new()
            .filename(&fixture.name)
            .busy_timeout(std::time::Duration::ZERO);
        let mut other = sqlx::SqliteConnection::connect_with(&options)
            .await
            .unwrap();
        let free = other.execute("BEGIN EXCLUSIVE; ROLLBACK").await.is_ok();
        other.close().await.unwrap();
        i64::from(!free)
    }
}

impl Engine for Postgres {
    const SYSTEM: &'static str = "postgresql";

    async fn open() -> Option<Fixture<Self>> {
        let url = server("GOMON_TEST_POSTGRES_URL")?;
        let name = unique();
        let mut admin = sqlx::PgConnection::connect(&url).await.unwrap();
        admin
            .execute(AssertSqlSafe(format!("CREATE SCHEMA {name}")))
            .await
            .unwrap();
        admin.close().await.unwrap();
        let options = PgConnectOptions::from_str(&url).unwrap();
        let options = options
            .application_name(&name)
            .options([("search_path", name.as_str())]);
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .connect_with(options)
            .await
            .unwrap();
        pool.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
            .await
            .unwrap();
        Some(Fixture {
            pool,
            name,
            _folder: tempfile::tempdir().unwrap(),
        })
    }

    async fn session(pool: &Pool<Self>) -> Option<i64> {
        let id = sqlx::query_scalar("SELECT pg_backend_pid()::int8");
        Some(id.fetch_one(pool).await.unwrap())
    }

    async fn open_transactions(fixture: &Fixture<Self>) -> i64 {
        let url = server("GOMON_TEST_POSTGRES_URL").unwrap();
        let mut admin = sqlx::PgConnection::connect(&url).await.unwrap();
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state LIKE 'idle in transaction%'";
        sqlx::query_scalar(sql)
            .bind(&fixture.name)
            .fetch_one(&mut admin)
            .await
            .unwrap()
    }
}

impl Engine for MySql {
    const SYSTEM: &'static str = "mysql";

    async fn open() -> Option<Fixture<Self>> {
        let url = server("GOMON_TEST_MYSQL_URL")?;
        let name = unique();
        let mut admin = sqlx::MySqlConnection::connect(&url).await.unwrap();
        admin
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .unwrap();
        admin.close().await.unwrap();
        let options = MySqlConnectOptions::from_str(&url).unwrap().database(&name);
        let pool = MySqlPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .connect_with(options)
            .await
            .unwrap();
        pool.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT) ENGINE=InnoDB")
            .await
            .unwrap();
        Some(Fixture {
            pool,
            name,
            _folder: tempfile::tempdir().unwrap(),
        })
    }

    async fn session(pool: &Pool<Self>) -> Option<i64> {
        let id = sqlx::query_scalar("SELECT CAST(connection_id() AS SIGNED)");
        Some(id.fetch_one(pool).await.unwrap())
    }

    async fn open_transactions(fixture: &Fixture<Self>) -> i64 {
        let url = server("GOMON_TEST_MYSQL_URL").unwrap();
        let mut admin = sqlx::MySqlConnection::connect(&url).await.unwrap();
        let sql = "SELECT count(*) FROM information_schema.innodb_trx t \
                   JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE p.db = ?";
        sqlx::query_scalar(sql)
            .bind(&fixture.name)
            .fetch_one(&mut admin)
            .await
            .unwrap()
    }
}

/// The URL of a test server, or one line that tells what is left out.
pub(crate) fn server(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        println!("left out: {variable} is not set");
    }
    url
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "gomon_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A test for each engine: `on_each_engine!(name => scenario)` makes a module `name` with `sqlite`, `postgres`, `mysql`.
macro_rules! on_each_engine {
    ($($name:ident => $scenario:ident;)*) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::engines::on::<sqlx::Sqlite, _>(async |fixture| super::$scenario(fixture).await).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::engines::on::<sqlx::Postgres, _>(async |fixture| super::$scenario(fixture).await).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mysql() {
                $crate::engines::on::<sqlx::MySql, _>(async |fixture| super::$scenario(fixture).await).await;
            }
        }
    )* };
}
pub(crate) use on_each_engine;

pub(crate) async fn on<DB: Engine, F: AsyncFnOnce(&Fixture<DB>)>(scenario: F) {
    let Some(fixture) = DB::open().await else {
        return;
    };
    scenario(&fixture).await;
    fixture.pool.close().await;
}

/// Afterwards everything works as if nothing had happened: 1,000 statements run, and no transaction is open.
pub(crate) async fn is_whole<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    for _ in 0..1000 {
        (&pool)
            .execute("SELECT name FROM items WHERE id = 1")
            .await
            .unwrap();
    }
    let patience = std::time::Duration::from_secs(10);
    let closed = tokio::time::timeout(patience, async {
        // Connections are closed by tasks of sqlx's own: ask until they are done.
        while DB::open_transactions(fixture).await != 0 {
            tokio::task::yield_now().await;
        }
    });
    assert!(closed.await.is_ok(), "a transaction is open on the server");
}

//! A fresh, private database of each engine.

use gomon_core::Capture;
use gomon_sql::{MonitoredDb, MonitoredPool, PoolExt, SqlConfig};
use sqlx::migrate::Migrate;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, MySql, Pool, Postgres, Sqlite};
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

pub(crate) type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

/// What the scenarios need of an engine.
#[allow(async_fn_in_trait, reason = "only tests implement and call it")]
pub(crate) trait Engine: MonitoredDb<Connection: Migrate> + Sized {
    const SYSTEM: &'static str;
    /// `None`, and one line that says so, where the environment names no server.
    async fn open() -> Option<Fixture<Self>>;
    /// Which session of the server a pool's connection is.
    async fn session(_pool: &Pool<Self>) -> Option<i64> {
        None
    }
    /// What leads an `AnyPool` to the fixture's database by these options.
    fn url(_fixture: &Fixture<Self>, options: &Options<Self>) -> String {
        options.to_url_lossy().to_string()
    }
    /// A statement that sleeps for a minute; SQLite has none.
    const SLEEP: Option<&'static str> = None;
    /// Ends the session in which `SLEEP` runs, once it does, as an administrator would.
    async fn end_sleeper(_fixture: &Fixture<Self>) {}
    /// The same on another port of this machine.
    fn at_port(options: Options<Self>, _port: u16) -> Options<Self> {
        options
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

    fn url(fixture: &Fixture<Self>, options: &PgConnectOptions) -> String {
        let (mut url, name) = (options.to_url_lossy(), &fixture.name);
        url.query_pairs_mut()
            .append_pair("application_name", name)
            .append_pair("options[search_path]", name);
        url.to_string()
    }

    const SLEEP: Option<&'static str> = Some("SELECT pg_sleep(60)");

    async fn end_sleeper(fixture: &Fixture<Self>) {
        let url = server("GOMON_TEST_POSTGRES_URL").unwrap();
        let mut admin = sqlx::PgConnection::connect(&url).await.unwrap();
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = $1 AND wait_event = 'PgSleep'";
        loop {
            let ended = sqlx::query(sql).bind(&fixture.name);
            if !ended.fetch_all(&mut admin).await.unwrap().is_empty() {
                break;
            }
        }
    }

    fn at_port(options: PgConnectOptions, port: u16) -> PgConnectOptions {
        options.host("127.0.0.1").port(port)
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

    const SLEEP: Option<&'static str> = Some("SELECT sleep(60)");

    async fn end_sleeper(fixture: &Fixture<Self>) {
        let url = server("GOMON_TEST_MYSQL_URL").unwrap();
        let mut admin = sqlx::MySqlConnection::connect(&url).await.unwrap();
        let sql = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = ? AND state = 'User sleep'";
        let id: i64 = loop {
            let id = sqlx::query_scalar(sql).bind(&fixture.name);
            if let Some(id) = id.fetch_optional(&mut admin).await.unwrap() {
                break id;
            }
        };
        let kill = format!("KILL CONNECTION {id}");
        admin.execute(AssertSqlSafe(kill)).await.unwrap();
    }

    fn at_port(options: MySqlConnectOptions, port: u16) -> MySqlConnectOptions {
        options.host("127.0.0.1").port(port)
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
    (on_one_thread: $($name:ident => $scenario:ident;)*) => {
        $crate::engines::on_each_engine! { @ (flavor = "current_thread") $($name => $scenario;)* }
    };
    (@ $runtime:tt $($name:ident => $scenario:ident;)*) => { $(
        mod $name {
            #[tokio::test $runtime]
            async fn sqlite() {
                $crate::engines::on::<sqlx::Sqlite, _>(async |fixture| super::$scenario(fixture).await).await;
            }
            #[tokio::test $runtime]
            async fn postgres() {
                $crate::engines::on::<sqlx::Postgres, _>(async |fixture| super::$scenario(fixture).await).await;
            }
            #[tokio::test $runtime]
            async fn mysql() {
                $crate::engines::on::<sqlx::MySql, _>(async |fixture| super::$scenario(fixture).await).await;
            }
        }
    )* };
    ($($name:ident => $scenario:ident;)*) => {
        $crate::engines::on_each_engine! { @ (flavor = "multi_thread", worker_threads = 2) $($name => $scenario;)* }
    };
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
    nothing_is_open(fixture).await;
}

/// Waits until the server holds no transaction open: connections are closed by tasks of sqlx's own.
pub(crate) async fn nothing_is_open<DB: Engine>(fixture: &Fixture<DB>) {
    let patience = std::time::Duration::from_secs(10);
    let closed = tokio::time::timeout(patience, async {
        while DB::open_transactions(fixture).await != 0 {
            tokio::task::yield_now().await;
        }
    });
    assert!(closed.await.is_ok(), "a transaction is open on the server");
}

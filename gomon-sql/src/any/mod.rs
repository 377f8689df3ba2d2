//! The driver for `AnyPool`: every connection that sqlx opens through it is monitored, by whatever code.
//!
//! It is the fullest way in: it sees physical connections open and close, migrations, and the bound values. Its limits
//! are those of sqlx's `Any`: few types, and no waiting for the pool, which happens above it. A pool on it that is also
//! [monitored](crate::PoolExt::monitored) has that too: each statement, and each transaction, is reported once.

mod backend;
mod connection_event;
mod database;
mod driver_db;
mod migrate;
mod options;
pub(crate) mod values;
pub(crate) mod wrapped;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::RwLock;
use sqlx_core::any::driver::{AnyDriver, install_drivers};

pub use driver_db::DriverDb;

use database::Monitored;

use crate::config::SqlConfig;

/// A monitored driver for `AnyPool`, of one database.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gomon_sql::MonitoredDriver;
///
/// MonitoredDriver::auto_register()?; // instead of sqlx::any::install_default_drivers()
/// let pool = sqlx::AnyPool::connect("sqlite::memory:").await?; // or monitored-sqlite::memory:
/// sqlx::query("SELECT 1").execute(&pool).await?;
/// # Ok(()) }
/// # #[cfg(not(feature = "sqlite"))] fn main() {}
/// ```
#[derive(Clone, Copy)]
pub struct MonitoredDriver {
    name: &'static str,
    make: fn() -> AnyDriver,
}

impl MonitoredDriver {
    /// The driver of one database, under its own URL schemes and under the same with `monitored-` in front.
    #[must_use]
    pub fn of<DB: DriverDb>() -> Self {
        Self {
            name: DB::NAME,
            make: AnyDriver::with_migrate::<Monitored<DB>>,
        }
    }

    /// Settings of the connections that monitored drivers open from now on, instead of those before. Default: `SqlConfig::new()`.
    ///
    /// For what runs on a plain `AnyPool`: what is captured, whether callers are looked for, and what is slow, unbounded, repeated,
    /// long or idle. The rest is for pools that are [monitored](crate::PoolExt::monitored) themselves, and have settings of their own.
    pub fn configure(config: SqlConfig) {
        *CONFIG.write() = Some(config);
    }

    /// Makes these the drivers of `AnyPool`, for the rest of the process.
    ///
    /// sqlx takes one list of drivers, once: call this instead of `sqlx::any::install_default_drivers()`, which panics
    /// when it is called after this.
    ///
    /// # Errors
    /// If drivers were installed before, by this or by sqlx, or if the list is empty. Nothing has changed then.
    pub fn register(drivers: &[Self]) -> Result<(), RegisterError> {
        // sqlx keeps the list for good; tried once, one list at most is leaked.
        static TRIED: AtomicBool = AtomicBool::new(false);
        if drivers.is_empty() {
            return Err(RegisterError::NoDrivers);
        }
        if TRIED.swap(true, Relaxed) {
            return Err(RegisterError::AlreadyInstalled);
        }
        let list: Vec<AnyDriver> = drivers.iter().map(|driver| (driver.make)()).collect();
        install_drivers(Vec::leak(list)).map_err(|_| RegisterError::AlreadyInstalled)
    }

    /// [Registers](Self::register) the driver of every database this crate was compiled for.
    ///
    /// # Errors
    /// As for [`register`](Self::register).
    pub fn auto_register() -> Result<(), RegisterError> {
        Self::register(&[
            #[cfg(feature = "postgres")]
            Self::of::<sqlx_postgres::Postgres>(),
            #[cfg(feature = "mysql")]
            Self::of::<sqlx_mysql::MySql>(),
            #[cfg(feature = "sqlite")]
            Self::of::<sqlx_sqlite::Sqlite>(),
        ])
    }
}

/// What [`MonitoredDriver::configure`] said last.
fn driver_config() -> SqlConfig {
    CONFIG.read().clone().unwrap_or_default()
}

static CONFIG: RwLock<Option<SqlConfig>> = RwLock::new(None);

impl fmt::Debug for MonitoredDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MonitoredDriver").field(&self.name).finish()
    }
}

/// Why the drivers could not be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// sqlx has its drivers already, and takes them once.
    AlreadyInstalled,
    /// The list is empty, or this crate was compiled for no database.
    NoDrivers,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyInstalled => {
                "sqlx has its drivers already, and takes them once: register monitored drivers one time, at the start, \
                 instead of sqlx::any::install_default_drivers()"
            }
            Self::NoDrivers => "no drivers to register: turn on feature `sqlite`, `postgres` or `mysql` of gomon-sql",
        })
    }
}

impl std::error::Error for RegisterError {}

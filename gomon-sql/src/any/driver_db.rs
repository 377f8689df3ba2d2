//! The databases a driver for `AnyPool` can be monitored for.

use sqlx_core::any::{AnyConnectOptions, AnyConnectionBackend};
use sqlx_core::connection::Connection;
use sqlx_core::database::Database;
use sqlx_core::error::Error;
use sqlx_core::migrate::MigrateDatabase;

use crate::engine::Engine;

/// What stands in front of an ordinary URL scheme.
pub(super) const PREFIX: &str = "monitored-";

/// A database whose driver for `AnyPool` can be monitored: `Sqlite`, `Postgres` and `MySql`, each behind its feature.
///
/// The trait cannot be implemented outside this crate.
pub trait DriverDb:
    Database<Connection: AnyConnectionBackend> + MigrateDatabase + sealed::Sealed
{
    #[doc(hidden)]
    const FACTS: &'static Engine;
    /// The URL schemes, without and with the prefix.
    #[doc(hidden)]
    const SCHEMES: &'static [&'static str];
    #[doc(hidden)]
    fn options(
        options: &AnyConnectOptions,
    ) -> Result<<Self::Connection as Connection>::Options, Error>;
}

mod sealed {
    /// Keeps the list of databases ours.
    #[allow(unnameable_types, reason = "this is what seals the trait")]
    pub trait Sealed {}
}

/// A URL without the prefix.
pub(super) fn ordinary(url: &str) -> &str {
    url.strip_prefix(PREFIX).unwrap_or(url)
}

macro_rules! driver_db {
    ($db:ty, $facts:path, $schemes:expr) => {
        impl sealed::Sealed for $db {}

        impl DriverDb for $db {
            const FACTS: &'static Engine = &$facts;
            const SCHEMES: &'static [&'static str] = &$schemes;

            fn options(
                options: &AnyConnectOptions,
            ) -> Result<<Self::Connection as Connection>::Options, Error> {
                options.try_into()
            }
        }
    };
}

#[cfg(feature = "sqlite")]
driver_db!(
    sqlx_sqlite::Sqlite,
    crate::engines::sqlite::ENGINE,
    ["sqlite", "monitored-sqlite"]
);
#[cfg(feature = "postgres")]
driver_db!(
    sqlx_postgres::Postgres,
    crate::engines::postgres::ENGINE,
    [
        "postgres",
        "postgresql",
        "monitored-postgres",
        "monitored-postgresql"
    ]
);
#[cfg(feature = "mysql")]
driver_db!(
    sqlx_mysql::MySql,
    crate::engines::mysql::ENGINE,
    ["mysql", "mariadb", "monitored-mysql", "monitored-mariadb"]
);

//! sqlx's `Any`: which engine it is, its connection knows.

use gomon_core::{Capture, Context, Tree};
use sqlx_core::any::{Any, AnyArguments, AnyConnectOptions, AnyConnection};
use sqlx_core::arguments::Arguments;
use sqlx_core::connection::Connection;

use crate::any::{values, wrapped};
use crate::engine::Engine;
use crate::explain::ExplainBy;
use crate::statement::Dialect;
use crate::typed::db::{MonitoredDb, dispatch, sealed};

/// Until it is known which one it is.
pub(crate) const ENGINE: Engine = Engine {
    system: "",
    dialect: Dialect::Unknown,
    error_dooms_transaction: false,
    dropped_begin_leaks: true,
    undoes_failed_savepoint: false,
    explain: ExplainBy {
        forbids_writes: "",
        prefix: "EXPLAIN ",
        column: None,
    },
    // SQLite's may be among them.
    own_thread: true,
    is_timeout: |_| false,
    ends_session: |_| false,
    quotes_names: |_| false,
};

fn named(name: &str) -> &'static Engine {
    match name.strip_prefix("monitored-").unwrap_or(name) {
        #[cfg(feature = "postgres")]
        "PostgreSQL" | "postgres" | "postgresql" => &super::postgres::ENGINE,
        #[cfg(feature = "mysql")]
        "MySQL" | "mysql" | "mariadb" => &super::mysql::ENGINE,
        #[cfg(feature = "sqlite")]
        "SQLite" | "sqlite" => &super::sqlite::ENGINE,
        _ => &ENGINE,
    }
}

impl sealed::Sealed for Any {}

impl MonitoredDb for Any {
    const ENGINE: &'static Engine = &ENGINE;
    const SEES_CONNECTIONS: bool = true;

    fn engine_of(connection: &AnyConnection) -> &'static Engine {
        named(connection.backend_name())
    }

    fn engine_for(options: &AnyConnectOptions) -> &'static Engine {
        named(options.database_url.scheme())
    }

    fn dsn(options: &AnyConnectOptions) -> String {
        gomon_core::mask::dsn(options.database_url.as_str())
    }

    fn reported<R>(call: impl FnOnce() -> R) -> R {
        wrapped::call(call)
    }

    fn event_of(connection: &AnyConnection, lease: Option<Context>) -> Option<Context> {
        wrapped::connection(lease, || _ = connection.should_flush())
    }

    fn copy_of(arguments: &AnyArguments) -> AnyArguments {
        values::copy(arguments)
    }

    fn bound(arguments: &AnyArguments, capture: &Capture) -> Option<Tree> {
        (arguments.len() > 0).then(|| values::bound(arguments, capture))
    }

    fn hash_of(arguments: &AnyArguments) -> Option<u64> {
        values::hash(arguments)
    }

    dispatch!();
}

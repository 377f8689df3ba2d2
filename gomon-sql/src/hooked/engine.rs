//! The engines, for hooks that tell which one they are of.

use crate::engine::Engine;
use crate::explain::ExplainBy;
use crate::statement::Dialect;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum System {
    /// PostgreSQL, and what speaks its dialect.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

impl System {
    pub(crate) fn engine(self) -> &'static Engine {
        match self {
            Self::Postgres => &POSTGRES,
            Self::MySql => &MYSQL,
            Self::Sqlite => &SQLITE,
        }
    }
}

/// Facts that only sqlx's errors tell are not asked for.
const fn engine(system: &'static str, dialect: Dialect) -> Engine {
    Engine {
        system,
        dialect,
        error_dooms_transaction: false,
        dropped_begin_leaks: false,
        undoes_failed_savepoint: false,
        explain: ExplainBy::NOT,
        own_thread: false,
        is_timeout: |_| false,
        ends_session: |_| false,
        quotes_names: |_| false,
    }
}

static POSTGRES: Engine = engine("postgresql", Dialect::Postgres);
static MYSQL: Engine = engine("mysql", Dialect::MySql);
static SQLITE: Engine = engine("sqlite", Dialect::Sqlite);

/// Nobody knows what is quoted how: no text of it may be shown.
pub(crate) static UNKNOWN: Engine = engine("", Dialect::Sqlite);

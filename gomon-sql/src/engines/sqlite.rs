//! SQLite.

use gomon_core::{Capture, Tree};
use sqlx_core::row::Row;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::value::ValueRef;
use sqlx_sqlite::{Sqlite, SqliteConnectOptions, SqliteQueryResult, SqliteRow};

use super::decode;
use crate::engine::Engine;
use crate::explain::ExplainBy;
use crate::row_source::RowSource;
use crate::rows::Cell;
use crate::statement::Dialect;
use crate::typed::db::{MonitoredDb, dispatch, sealed};

pub(crate) const ENGINE: Engine = Engine {
    system: "sqlite",
    dialect: Dialect::Sqlite,
    error_dooms_transaction: false,
    dropped_begin_leaks: false,
    undoes_failed_savepoint: false,
    explain: ExplainBy {
        forbids_writes: "",
        prefix: "EXPLAIN QUERY PLAN ",
        column: Some(3),
    },
    own_thread: true,
    is_timeout: |_| false,
    ends_session: |_| false,
    quotes_names: |_| false,
};

impl sealed::Sealed for Sqlite {}

impl MonitoredDb for Sqlite {
    const ENGINE: &'static Engine = &ENGINE;

    fn dsn(options: &SqliteConnectOptions) -> String {
        format!("sqlite:{}", options.get_filename().display())
    }

    fn copy_of(arguments: &Self::Arguments) -> Self::Arguments {
        arguments.clone()
    }

    dispatch!();
}

impl RowSource for Sqlite {
    fn affected(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    fn last_id(result: &SqliteQueryResult) -> Option<i64> {
        Some(result.last_insert_rowid())
    }

    fn cell(row: &SqliteRow, index: usize, capture: &Capture) -> Cell {
        cell(row, index, capture).unwrap_or_else(|| Cell::opaque("?"))
    }
}

/// By storage class; what is decoded is owned, for a borrowed value would forbid the user to decode it as another type.
fn cell(row: &SqliteRow, index: usize, capture: &Capture) -> Option<Cell> {
    let raw = row.try_get_raw(index).ok()?;
    if raw.is_null() {
        return Some(Cell::of(Tree::Null));
    }
    let class = raw.type_info().name().to_owned();
    Some(match class.as_str() {
        "INTEGER" => Cell::of(decode::<Sqlite, i64>(raw)?),
        "REAL" => Cell::of(decode::<Sqlite, f64>(raw)?),
        "TEXT" => Cell::text_or_json(&decode::<Sqlite, String>(raw)?, capture),
        "BLOB" => Cell::bytes(&decode::<Sqlite, Vec<u8>>(raw)?, capture),
        _ => Cell::opaque(&class),
    })
}

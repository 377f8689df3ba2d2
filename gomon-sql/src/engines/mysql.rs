//! MySQL and MariaDB.

use gomon_core::{Capture, Tree};
use sqlx_core::error::DatabaseError;
use sqlx_core::row::Row;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::value::ValueRef;
use sqlx_mysql::{MySql, MySqlConnectOptions, MySqlDatabaseError, MySqlQueryResult, MySqlRow};

use super::decode;
use crate::engine::Engine;
use crate::explain::ExplainBy;
use crate::row_source::RowSource;
use crate::rows::Cell;
use crate::statement::Dialect;
use crate::typed::db::{MonitoredDb, dispatch, sealed};

pub(crate) const ENGINE: Engine = Engine {
    system: "mysql",
    dialect: Dialect::MySql,
    error_dooms_transaction: false,
    dropped_begin_leaks: true,
    undoes_failed_savepoint: false,
    explain: ExplainBy {
        forbids_writes: "START TRANSACTION READ ONLY",
        prefix: "EXPLAIN ",
        column: None,
    },
    own_thread: false,
    is_timeout,
    ends_session,
    quotes_names: |_| false,
};

/// Lock wait timeout, MariaDB's `max_statement_time`, MySQL's `max_execution_time`.
const TIMEOUTS: [u16; 3] = [1205, 1969, 3024];

/// `ER_SERVER_SHUTDOWN`, MariaDB's `ER_CONNECTION_KILLED`, MySQL's `ER_CLIENT_INTERACTION_TIMEOUT`.
const ENDS: [u16; 3] = [1053, 1927, 4031];

fn is_timeout(error: &dyn DatabaseError) -> bool {
    error
        .try_downcast_ref::<MySqlDatabaseError>()
        .is_some_and(|error| TIMEOUTS.contains(&error.number()))
}

fn ends_session(error: &dyn DatabaseError) -> bool {
    error
        .try_downcast_ref::<MySqlDatabaseError>()
        .is_some_and(|error| ENDS.contains(&error.number()))
}

impl sealed::Sealed for MySql {}

impl MonitoredDb for MySql {
    const ENGINE: &'static Engine = &ENGINE;

    fn dsn(options: &MySqlConnectOptions) -> String {
        let database = options.get_database().unwrap_or_default();
        let (user, host) = (options.get_username(), options.get_host());
        format!("mysql://{user}@{host}:{}/{database}", options.get_port())
    }

    fn copy_of(arguments: &Self::Arguments) -> Self::Arguments {
        arguments.clone()
    }

    dispatch!();
}

impl RowSource for MySql {
    fn affected(result: &MySqlQueryResult) -> u64 {
        result.rows_affected()
    }

    fn last_id(result: &MySqlQueryResult) -> Option<i64> {
        i64::try_from(result.last_insert_id())
            .ok()
            .filter(|id| *id != 0)
    }

    fn cell(row: &MySqlRow, index: usize, capture: &Capture) -> Cell {
        cell(row, index, capture).unwrap_or_else(|| Cell::opaque("?"))
    }
}

fn cell(row: &MySqlRow, index: usize, capture: &Capture) -> Option<Cell> {
    let raw = row.try_get_raw(index).ok()?;
    if raw.is_null() {
        return Some(Cell::of(Tree::Null));
    }
    let name = raw.type_info().name().to_owned();
    Some(match name.as_str() {
        "BOOLEAN" => Cell::of(decode::<MySql, bool>(raw)?),
        "TINYINT" | "SMALLINT" | "INT" | "MEDIUMINT" | "BIGINT" => {
            Cell::of(decode::<MySql, i64>(raw)?)
        }
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "INT UNSIGNED" | "MEDIUMINT UNSIGNED"
        | "BIGINT UNSIGNED" | "YEAR" => Cell::of(decode::<MySql, u64>(raw)?),
        "FLOAT" => Cell::of(decode::<MySql, f32>(raw)?),
        "DOUBLE" => Cell::of(decode::<MySql, f64>(raw)?),
        "JSON" => Cell::json(decode::<MySql, &[u8]>(raw)?, capture),
        // Decimals come as text in both protocols.
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "SET"
        | "DECIMAL" => Cell::text_or_json(
            &String::from_utf8_lossy(decode::<MySql, &[u8]>(raw)?),
            capture,
        ),
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            Cell::bytes(decode::<MySql, &[u8]>(raw)?, capture)
        }
        "DATE" | "DATETIME" | "TIMESTAMP" => date_time(decode::<MySql, &[u8]>(raw)?, &name),
        _ => Cell::opaque(&name),
    })
}

/// Text in the text protocol; in the binary one (MySQL protocol, "Binary Protocol Value: date, datetime, timestamp")
/// year as two bytes, month, day, then hour, minute, second, then microseconds as four.
fn date_time(bytes: &[u8], name: &str) -> Cell {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.len() >= 10
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b' ' | b'.'))
    {
        return Cell::of(text);
    }
    // sqlx leaves the byte that gives the length in front.
    let Some((4..=11, [y0, y1, month, day, time @ ..])) =
        bytes.split_first().map(|(n, rest)| (*n, rest))
    else {
        return Cell::opaque(name);
    };
    let date = format!("{:04}-{month:02}-{day:02}", u16::from_le_bytes([*y0, *y1]));
    Cell::of(match time {
        [] if name == "DATE" => date,
        [] => format!("{date} 00:00:00"),
        [h, m, s] => format!("{date} {h:02}:{m:02}:{s:02}"),
        [h, m, s, a, b, c, d] => {
            format!(
                "{date} {h:02}:{m:02}:{s:02}.{:06}",
                u32::from_le_bytes([*a, *b, *c, *d])
            )
        }
        _ => return Cell::opaque(name),
    })
}

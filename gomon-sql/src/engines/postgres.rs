//! PostgreSQL.

use gomon_core::{Capture, Tree};
use sqlx_core::error::DatabaseError;
use sqlx_core::row::Row;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::value::ValueRef;
use sqlx_postgres::{
    PgConnectOptions, PgDatabaseError, PgQueryResult, PgRow, PgSeverity, PgValueFormat, Postgres,
};

use super::decode;
use crate::engine::Engine;
use crate::explain::ExplainBy;
use crate::row_source::RowSource;
use crate::rows::Cell;
use crate::statement::Dialect;
use crate::typed::db::{MonitoredDb, dispatch, sealed};

pub(crate) const ENGINE: Engine = Engine {
    system: "postgresql",
    dialect: Dialect::Postgres,
    error_dooms_transaction: true,
    dropped_begin_leaks: true,
    undoes_failed_savepoint: true,
    explain: ExplainBy {
        forbids_writes: "BEGIN READ ONLY",
        prefix: "EXPLAIN ",
        column: Some(0),
    },
    own_thread: false,
    is_timeout,
    ends_session,
    quotes_names,
};

/// `query_canceled` for a statement timeout (a user's request has the same code), `lock_not_available` for a lock
/// timeout, `idle_in_transaction_session_timeout` and `idle_session_timeout`.
fn is_timeout(error: &dyn DatabaseError) -> bool {
    match error.code().as_deref() {
        Some("57014" | "55P03") => error.message().contains("timeout"),
        Some("25P03" | "57P05") => true,
        _ => false,
    }
}

/// What is fatal to the session, or to the server.
fn ends_session(error: &dyn DatabaseError) -> bool {
    error
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

/// In violated constraints and in refused access double quotes are those of names. Elsewhere they may hold what the
/// statement had there: a syntax error, an unknown column that was meant as a string.
fn quotes_names(error: &dyn DatabaseError) -> bool {
    error
        .code()
        .is_some_and(|code| code.starts_with("23") || code == "42501")
}

impl sealed::Sealed for Postgres {}

impl MonitoredDb for Postgres {
    const ENGINE: &'static Engine = &ENGINE;

    fn dsn(options: &PgConnectOptions) -> String {
        let user = options.get_username();
        let database = options.get_database().unwrap_or(user);
        match options.get_socket() {
            Some(socket) => format!("postgres://{user}@/{database}?host={}", socket.display()),
            None => format!(
                "postgres://{user}@{}:{}/{database}",
                options.get_host(),
                options.get_port()
            ),
        }
    }

    fn copy_of(arguments: &Self::Arguments) -> Self::Arguments {
        arguments.clone()
    }

    dispatch!();
}

impl RowSource for Postgres {
    fn affected(result: &PgQueryResult) -> u64 {
        result.rows_affected()
    }

    fn last_id(_: &PgQueryResult) -> Option<i64> {
        None
    }

    fn cell(row: &PgRow, index: usize, capture: &Capture) -> Cell {
        cell(row, index, capture).unwrap_or_else(|| Cell::opaque("?"))
    }
}

fn cell(row: &PgRow, index: usize, capture: &Capture) -> Option<Cell> {
    let raw = row.try_get_raw(index).ok()?;
    if raw.is_null() {
        return Some(Cell::of(Tree::Null));
    }
    let name = raw.type_info().name().to_owned();
    let binary = raw.format() == PgValueFormat::Binary;
    let bytes = raw.as_bytes().ok()?;
    Some(match name.as_str() {
        "BOOL" => Cell::of(decode::<Postgres, bool>(raw)?),
        "INT2" => Cell::of(decode::<Postgres, i16>(raw)?),
        "INT4" => Cell::of(decode::<Postgres, i32>(raw)?),
        "INT8" => Cell::of(decode::<Postgres, i64>(raw)?),
        "FLOAT4" => Cell::of(decode::<Postgres, f32>(raw)?),
        "FLOAT8" => Cell::of(decode::<Postgres, f64>(raw)?),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => {
            Cell::text(&String::from_utf8_lossy(bytes), capture)
        }
        "JSON" => Cell::json(bytes, capture),
        // The binary form has a version byte in front, which is 1.
        "JSONB" => Cell::json(bytes.strip_prefix(&[1]).unwrap_or(bytes), capture),
        "BYTEA" if binary => Cell::bytes(bytes, capture),
        // Every other type is readable as it comes in the text protocol (`raw_sql`).
        _ if !binary => Cell::text(&String::from_utf8_lossy(bytes), capture),
        "UUID" => Cell::of(uuid(bytes)?),
        "DATE" => Cell::of(date(i64::from(i32::from_be_bytes(bytes.try_into().ok()?)))?),
        "TIMESTAMP" => Cell::of(timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "")?),
        "TIMESTAMPTZ" => Cell::of(timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "Z")?),
        _ => Cell::opaque(&name),
    })
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let n = u128::from_be_bytes(bytes.try_into().ok()?);
    let hex = format!("{n:032x}");
    Some(
        [
            hex.get(..8)?,
            hex.get(8..12)?,
            hex.get(12..16)?,
            hex.get(16..20)?,
            hex.get(20..)?,
        ]
        .join("-"),
    )
}

const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds since 2000-01-01, as RFC 3339. The two ends of the range stand for infinity.
fn timestamp(micros: i64, zone: &str) -> Option<String> {
    match micros {
        i64::MAX => return Some("infinity".to_owned()),
        i64::MIN => return Some("-infinity".to_owned()),
        _ => {}
    }
    let day = date(micros.div_euclid(DAY_MICROS))?;
    let rest = micros.rem_euclid(DAY_MICROS);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if fraction == 0 {
        String::new()
    } else {
        format!(".{fraction:06}")
    };
    Some(format!(
        "{day}T{hours:02}:{minutes:02}:{seconds:02}{fraction}{zone}"
    ))
}

/// Days since 2000-01-01, as year-month-day. After H. Hinnant, "chrono-compatible low-level date algorithms",
/// `civil_from_days`: years begin in March, and 400 of them have 146,097 days.
fn date(days: i64) -> Option<String> {
    match i32::try_from(days) {
        Ok(i32::MAX) => return Some("infinity".to_owned()),
        Ok(i32::MIN) => return Some("-infinity".to_owned()),
        _ => {}
    }
    // From 0000-03-01 to 2000-01-01.
    let days = days.checked_add(730_425)?;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::{date, timestamp, uuid};

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "2000-01-01"),
            (59, "2000-02-29"),
            (-1, "1999-12-31"),
            (9_824, "2026-11-24"),
            (-10_957, "1970-01-01"),
        ];
        for (days, expected) in cases {
            assert_eq!(date(days).as_deref(), Some(expected));
        }
        assert_eq!(
            timestamp(1_500_000, "Z").as_deref(),
            Some("2000-01-01T00:00:01.500000Z")
        );
        assert_eq!(
            timestamp(-1_000_000, "").as_deref(),
            Some("1999-12-31T23:59:59")
        );
    }

    #[test]
    fn uuids_have_their_dashes() {
        assert_eq!(
            uuid(&[0x11; 16]).as_deref(),
            Some("11111111-1111-1111-1111-111111111111")
        );
        assert_eq!(uuid(&[1]), None);
    }
}

//! What sqlx says of a statement or of a wait for the pool.

use std::fmt;
use std::time::Duration;

use tracing::field::{Field, Visit};

use crate::statement::Dialect;

/// The fields of one event of sqlx's, or of one span.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// `db.query.text`, or `db.statement`, which is empty where `summary` is all of the text.
    text: String,
    summary: String,
    pub(super) system: Option<&'static str>,
    pub(super) returned: u64,
    pub(super) affected: Option<u64>,
    /// How long it took.
    pub(super) took: Duration,
    pub(super) slow: bool,
}

impl Said {
    /// The statement, as it was given to sqlx.
    pub(super) fn sql(&self) -> &str {
        if self.text.is_empty() {
            return &self.summary;
        }
        // sqlx begins it on a line of its own.
        let text = self.text.strip_prefix("\n\n").unwrap_or(&self.text);
        text.strip_suffix('\n').unwrap_or(text)
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self.system {
            Some("postgresql") => Dialect::Postgres,
            Some("mysql") => Dialect::MySql,
            Some("sqlite") => Dialect::Sqlite,
            Some("microsoft.sql_server") => Dialect::MsSql,
            _ => Dialect::Unknown,
        }
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, _: &dyn fmt::Debug) {
        self.slow |= field.name() == "slow_threshold";
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "db.statement" | "db.query.text" if !value.is_empty() => {
                value.clone_into(&mut self.text);
            }
            "summary" => value.clone_into(&mut self.summary),
            "db.system.name" => self.system = SYSTEMS.into_iter().find(|name| *name == value),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "rows_returned" | "db.response.returned_rows" => self.returned = value,
            "rows_affected" | "db.response.affected_rows" => self.affected = Some(value),
            _ => {}
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if let Ok(value) = u64::try_from(value) {
            self.record_u64(field, value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "elapsed_secs" | "acquired_after_secs" => {
                self.took = Duration::try_from_secs_f64(value).unwrap_or_default();
            }
            "slow_acquire_threshold_secs" => self.slow = true,
            _ => {}
        }
    }
}

/// As `system` says it, and OpenTelemetry's `db.system.name` too. sqlx itself has drivers for the first three.
const SYSTEMS: [&str; 4] = ["postgresql", "mysql", "sqlite", "microsoft.sql_server"];

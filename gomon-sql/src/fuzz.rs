//! The reader of statements, for the fuzz targets.

use crate::statement::{Dialect, Statement};

/// Whose rules a text can be read by.
pub const ENGINES: usize = Dialect::EACH.len();

/// What an event would show of a text.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shown {
    /// The masked text.
    pub query: String,
    /// Operations and tables.
    pub summary: String,
    /// The fingerprint.
    pub digest: String,
    /// It is all of the text.
    pub whole: bool,
}

/// Reads a text by the rules of one of the [`ENGINES`]: PostgreSQL, MySQL, SQLite, SQL Server, and unknown.
#[must_use]
pub fn read(sql: &str, engine: usize) -> Shown {
    let dialect = Dialect::EACH.into_iter().cycle().nth(engine % ENGINES);
    let statement = Statement::read(sql, dialect.unwrap_or(Dialect::Unknown));
    Shown {
        query: statement.query,
        summary: statement.summary,
        digest: statement.digest,
        whole: statement.cut_bytes == 0,
    }
}

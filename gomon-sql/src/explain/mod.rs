//! Plans of slow statements.
//!
//! When does its event (`sql-explain`) start and end? It starts when a slow statement has ended, where plans were asked for, and
//! spans the connection that is opened for it and the `EXPLAIN`; `failed` if either fails, and `timed-out` after ten seconds.

mod plan;
mod rate;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use gomon_core::{Capture, Context};
use sqlx_core::sql_str::SqlStr;

use crate::statement::Statement;

pub(crate) use plan::{line, masked};
pub(crate) use rate::Rate;

/// How an engine is asked for a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExplainBy {
    /// Forbids the connection to write, where an engine calls functions to plan a statement.
    pub(crate) forbids_writes: &'static str,
    /// What comes before the statement. None of them runs it.
    pub(crate) prefix: &'static str,
    /// The column with the plan; `None` if all of them are.
    pub(crate) column: Option<usize>,
}

impl ExplainBy {
    /// Of what nobody explains: hooks have no connection to do it on.
    #[cfg(any(feature = "sea-orm", feature = "diesel", feature = "rusqlite"))]
    pub(crate) const NOT: Self = Self {
        forbids_writes: "",
        prefix: "EXPLAIN ",
        column: None,
    };
}

/// The bound values of a statement, of a type that the engine knows.
pub(crate) type Arguments = Box<dyn Any + Send>;

/// A statement that was slow.
pub(crate) struct Slow {
    pub(crate) sql: SqlStr,
    /// `None` if it was not prepared.
    pub(crate) arguments: Option<Arguments>,
    pub(crate) statement: Arc<Statement>,
    /// Its event's.
    pub(crate) context: Context,
    pub(crate) capture: Arc<Capture>,
}

/// Asks for plans.
pub(crate) trait Explain: Send + Sync + fmt::Debug {
    /// Has it explained, unless there were too many. Returns at once.
    fn explain(&self, slow: Slow);
}

/// Only what reads is explained, and only one statement at a time.
pub(crate) fn is_explained(sql: &str, statement: &Statement) -> bool {
    let one = sql.trim_end().trim_end_matches(';');
    let first = statement
        .query
        .split([' ', '('])
        .find(|word| !word.is_empty());
    let asks = |first: &str| {
        ["SELECT", "WITH"]
            .iter()
            .any(|asks| first.eq_ignore_ascii_case(asks))
    };
    !statement.writes
        && first.is_some_and(asks)
        && statement.summary.starts_with("SELECT")
        && !one.contains(';')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Dialect;

    #[test]
    fn one_statement_that_only_reads_is_explained() {
        for (sql, explained) in [
            ("SELECT a FROM t", true),
            ("WITH x AS (SELECT a FROM t) SELECT a FROM x;", true),
            ("SELECT 1; SELECT 2", false),
            ("(SELECT a FROM t) UNION (SELECT a FROM u)", true),
            ("-- all\nselect a FROM t", true),
            ("EXPLAIN ANALYZE SELECT a FROM t", false),
            ("EXPLAIN SELECT a FROM t", false),
            ("DECLARE c CURSOR FOR SELECT a FROM t", false),
            ("UPDATE t SET a = 1", false),
            (
                "WITH x AS (SELECT a FROM u), y AS (DELETE FROM t RETURNING a) SELECT a FROM y",
                false,
            ),
            ("VACUUM", false),
        ] {
            let statement = Statement::read(sql, Dialect::Postgres);
            assert_eq!(is_explained(sql, &statement), explained, "{sql}");
        }
    }
}

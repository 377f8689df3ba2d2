//! How the results of a database are read for an event.

use gomon_core::Capture;
use sqlx_core::database::Database;

use crate::rows::Cell;

/// Reads what an event tells out of a database's results.
#[allow(unnameable_types, reason = "the hidden half of a sealed trait")]
pub trait RowSource: Database {
    /// Rows changed.
    fn affected(result: &Self::QueryResult) -> u64;
    /// The id of the row inserted last, where the engine tells.
    fn last_id(result: &Self::QueryResult) -> Option<i64>;
    /// One value of a row.
    fn cell(row: &Self::Row, index: usize, capture: &Capture) -> Cell;
}

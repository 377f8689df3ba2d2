//! One file an engine: its facts, and how a value of it is shown.

use sqlx_core::database::Database;
use sqlx_core::decode::Decode;

#[cfg(feature = "any")]
pub(crate) mod any;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

/// Decodes a value as `T`, whatever type the column says it has.
fn decode<'r, DB: Database, T: Decode<'r, DB>>(raw: DB::ValueRef<'r>) -> Option<T> {
    T::decode(raw).ok()
}

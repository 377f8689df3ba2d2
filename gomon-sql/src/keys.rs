//! Fingerprints and keys, as the event contract spells them.

/// What kind of thing happened.
pub(crate) mod fp {
    pub(crate) const DRIVER_OPEN: &str = "driver-open";
    pub(crate) const CONNECTION: &str = "sql-wconn";
    pub(crate) const CONNECTION_CLOSE: &str = "conn-close";
    pub(crate) const POOL_ACQUIRE: &str = "sql-wpool-acquire";
    pub(crate) const LEASE: &str = "sql-wlease";
    pub(crate) const TRANSACTION: &str = "conn-begintx";
    pub(crate) const COMMIT: &str = "sql-wtx-commit";
    pub(crate) const ROLLBACK: &str = "sql-wtx-rollback";
    pub(crate) const SAVEPOINT: &str = "sql-savepoint";
    pub(crate) const QUERY: &str = "sql-wconn-queryctx";
    pub(crate) const EXECUTE: &str = "sql-wstmt-execctx";
    pub(crate) const PREPARE: &str = "conn-prepare";
    pub(crate) const ROWS: &str = "sql-wrows";
}

pub(crate) const ABORTED: &str = "aborted";
pub(crate) const CALLER: &str = "caller";
pub(crate) const CELLS: &str = "cells";
pub(crate) const CODE: &str = "code";
pub(crate) const COLUMNS: &str = "columns";
pub(crate) const CONN: &str = "conn";
pub(crate) const CONSTRAINT: &str = "constraint";
pub(crate) const DIGEST: &str = "digest";
pub(crate) const DRIVER: &str = "driver";
pub(crate) const DSN: &str = "dsn";
pub(crate) const ERRORS: &str = "errors";
pub(crate) const FIRST_ROW: &str = "first-row";
pub(crate) const IDLE: &str = "idle";
pub(crate) const IMPLICIT: &str = "implicit";
pub(crate) const ISOLATION: &str = "isolation";
pub(crate) const LAST_ID: &str = "last-id";
pub(crate) const PARAMS: &str = "params";
pub(crate) const PARAMS_COUNT: &str = "params-count";
pub(crate) const PREPARED: &str = "prepared";
pub(crate) const QUERIES: &str = "queries";
pub(crate) const QUERY: &str = "query";
pub(crate) const READ_ONLY: &str = "read-only";
pub(crate) const ROWS: &str = "rows";
pub(crate) const ROWS_AFFECTED: &str = "rows-aff";
pub(crate) const ROWS_RETURNED: &str = "rows-returned";
pub(crate) const SIZE: &str = "size";
pub(crate) const SLOW: &str = "slow";
pub(crate) const SUMMARY: &str = "summary";
pub(crate) const SYSTEM: &str = "system";
pub(crate) const TRUNCATED: &str = "truncated";
pub(crate) const WAIT: &str = "wait";
pub(crate) const WAITING: &str = "waiting";

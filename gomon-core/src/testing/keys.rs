//! Fingerprints and keys of adapters that assertions look at, as the event contract spells them.

/// What counts as a statement.
pub(super) const STATEMENTS: [&str; 2] = [SQL_QUERY, SQL_EXECUTE];
pub(super) const SQL_QUERY: &str = "sql-wconn-queryctx";
pub(super) const SQL_EXECUTE: &str = "sql-wstmt-execctx";

pub(super) const CALLER: &str = "caller";
pub(super) const QUERY: &str = "query";
pub(super) const SUMMARY: &str = "summary";

//! The words of SQL that a statement is read by.

/// A word in upper case, if it is short enough for a keyword.
#[derive(Debug)]
pub(super) struct Upper {
    bytes: [u8; 16],
    len: usize,
}

impl Upper {
    pub(super) fn of(word: &str) -> Self {
        let mut upper = Self {
            bytes: [0; 16],
            len: 0,
        };
        if let Some(bytes) = upper.bytes.get_mut(..word.len()) {
            bytes.copy_from_slice(word.as_bytes());
            bytes.make_ascii_uppercase();
            upper.len = word.len();
        }
        upper
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes
            .get(..self.len)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

/// Words that begin a statement.
pub(super) const OPERATIONS: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "REPLACE",
    "MERGE",
    "CREATE",
    "DROP",
    "ALTER",
    "TRUNCATE",
    "COPY",
    "CALL",
    "BEGIN",
    "START",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "SAVEPOINT",
    "RELEASE",
    "PRAGMA",
    "SET",
    "RESET",
    "SHOW",
    "VACUUM",
    "LOCK",
    "LISTEN",
    "NOTIFY",
    "UNLISTEN",
    "GRANT",
    "REVOKE",
    "ATTACH",
    "DETACH",
    "USE",
    "VALUES",
    "DO",
    "DECLARE",
    "FETCH",
    "PREPARE",
    "EXECUTE",
    "DEALLOCATE",
    "REFRESH",
    "REINDEX",
    "OPTIMIZE",
    "LOAD",
];
/// Those that change rows.
pub(super) const DML: &[&str] = &["INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "COPY"];
/// What `CREATE` and its like work on.
pub(super) const OBJECTS: &[&str] = &[
    "TABLE",
    "INDEX",
    "VIEW",
    "DATABASE",
    "SCHEMA",
    "SEQUENCE",
    "TRIGGER",
    "FUNCTION",
    "PROCEDURE",
    "TYPE",
    "EXTENSION",
];
/// Both together.
pub(super) const DDL: &[&str] = &[
    "CREATE TABLE",
    "CREATE INDEX",
    "CREATE VIEW",
    "CREATE DATABASE",
    "CREATE SCHEMA",
    "CREATE SEQUENCE",
    "CREATE TRIGGER",
    "CREATE FUNCTION",
    "CREATE PROCEDURE",
    "CREATE TYPE",
    "CREATE EXTENSION",
    "DROP TABLE",
    "DROP INDEX",
    "DROP VIEW",
    "DROP DATABASE",
    "DROP SCHEMA",
    "DROP SEQUENCE",
    "DROP TRIGGER",
    "DROP FUNCTION",
    "DROP PROCEDURE",
    "DROP TYPE",
    "DROP EXTENSION",
    "ALTER TABLE",
    "ALTER INDEX",
    "ALTER VIEW",
    "ALTER DATABASE",
    "ALTER SCHEMA",
    "ALTER SEQUENCE",
    "ALTER FUNCTION",
    "ALTER TYPE",
    "TRUNCATE TABLE",
];
/// Words that may stand between an operation and its target.
pub(super) const BEFORE_TARGET: &[&str] = &[
    "IF",
    "NOT",
    "EXISTS",
    "ONLY",
    "LATERAL",
    "IGNORE",
    "LOW_PRIORITY",
    "HIGH_PRIORITY",
    "DELAYED",
    "QUICK",
    "OR",
    "ABORT",
    "FAIL",
    "ROLLBACK",
    "REPLACE",
    "CONCURRENTLY",
    "TABLE",
];

//! What is said about a statement: its text without literals, its summary, its digest.

mod alive;
mod begin;
mod bound_to;
mod cache;
mod digest;
mod double_quotes;
mod keywords;
mod lexer;
mod limited;
#[cfg(test)]
mod linear;
mod masked;
mod placeholders;
mod steps;
mod summary;
#[cfg(test)]
mod vectors;

use bound_to::BoundTo;
use digest::Digest;
use double_quotes::DoubleQuotes;
use limited::Limited;
use masked::Masked;
use summary::Summary;

pub(crate) use alive::shows_life;
pub(crate) use begin::{is_read_only, isolation};
pub(crate) use cache::{hash_of, read_cached};
pub(crate) use lexer::Dialect;
#[cfg(feature = "rusqlite")]
pub(crate) use lexer::Kind as TokenKind;
pub(crate) use lexer::Lexer;
#[cfg(feature = "rusqlite")]
pub(crate) use placeholders::Placeholders;

/// Statement text beyond this many bytes is not read: its summary is known by then, and nothing may block on 64 MB.
const READ_BYTES: usize = 256 * 1024;

/// A statement, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The text with every literal as `?`, comments left out and white space as one blank; at most
    /// [`Statement::QUERY_BYTES`].
    pub(crate) query: String,
    /// Bytes of the text that did not fit into `query`.
    pub(crate) cut_bytes: usize,
    /// Operations and what they work on, after OpenTelemetry's `db.query.summary`: `SELECT users`. Empty when there is
    /// no operation that SQL knows.
    pub(crate) summary: String,
    /// FNV-1a of the normalised text, as 16 lower-case hexadecimal digits: equal for statements that differ in literals, case of keywords, white space,
    /// comments, and in the length of `IN` lists and `VALUES` tuples.
    pub(crate) digest: String,
    /// The same as a number.
    pub(crate) digest_number: u64,
    /// One of its operations changes rows, so that a count of affected rows means something.
    pub(crate) writes: bool,
    /// One of them inserts, so that a last row id means something.
    pub(crate) inserts: bool,
    /// One of them gives back the rows it changed.
    pub(crate) returning: bool,
    /// Rows come back, as far as the text tells.
    pub(crate) returns_rows: bool,
    /// It says how many rows may come back.
    pub(crate) limited: bool,
    /// The columns that its bound values are for, as far as the text names them.
    pub(crate) bound_to: BoundTo,
}

impl Statement {
    /// The most of a statement's text that is kept, in bytes.
    pub(crate) const QUERY_BYTES: usize = 8 * 1024;

    /// Reads `sql` by the quoting rules of `dialect`. Takes any text, in one pass.
    pub(crate) fn read(sql: &str, dialect: Dialect) -> Self {
        Self::of(prefix(sql, READ_BYTES), sql.len(), dialect)
    }

    /// Reads the beginning of a statement that has so many bytes.
    fn of(read: &str, bytes: usize, dialect: Dialect) -> Self {
        let mut lexer = Lexer::new(read, dialect);
        let mut strings = DoubleQuotes::new(dialect);
        let (mut masked, mut digest, mut summary) = (
            Masked::new(Self::QUERY_BYTES),
            Digest::new(),
            Summary::new(),
        );
        let (mut limited, mut bound_to) = (Limited::default(), bound_to::Reader::new());
        let mut kept = 0;
        while let Some(token) = lexer.next() {
            bound_to.push(token);
            let token = strings.judge(token, lexer.rest());
            if masked.push(token) {
                kept = lexer.position();
            }
            digest.push(token);
            summary.push(token);
            limited.push(token);
        }
        let (writes, inserts) = (summary.writes(), summary.inserts());
        let (returning, returns_rows) = (summary.returning(), summary.returns_rows());
        let digest_number = digest.finish();
        Self {
            query: masked.finish(),
            cut_bytes: bytes - kept,
            summary: summary.finish(),
            digest: format!("{digest_number:016x}"),
            digest_number,
            writes,
            inserts,
            returning,
            returns_rows,
            limited: limited.found(),
            bound_to: bound_to.finish(read.len() < bytes),
        }
    }
}

impl Statement {
    /// It is a query of a table, and not of a function or of values.
    pub(crate) fn reads_a_table(&self) -> bool {
        self.summary.starts_with("SELECT ")
    }

    /// Nothing is bound to it, as far as the text tells.
    pub(crate) fn has_no_parameters(&self) -> bool {
        self.bound_to.is_empty()
    }
}

/// The longest prefix of `text` of at most `bytes`, cut between characters.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Statement};

    fn read(sql: &str) -> Statement {
        Statement::read(sql, Dialect::Postgres)
    }

    #[test]
    fn long_text_is_cut_and_counted() {
        let sql = format!("SELECT {} FROM t", "a, ".repeat(10_000));
        let statement = read(&sql);
        assert!(statement.query.len() <= Statement::QUERY_BYTES);
        assert!(statement.cut_bytes > 0 && statement.cut_bytes < sql.len());
    }

    #[test]
    fn masking_is_idempotent() {
        for sql in [
            "SELECT 1 + 2, 'a' -- c\n FROM t",
            "a/**/b",
            "-/**/-x",
            "'a' 'b' 1.5.5",
            "\"open",
            "x'ff'y",
            "$$a$$$b$",
            "a --/**/b",
        ] {
            for dialect in Dialect::EACH {
                let read = |sql| Statement::read(sql, dialect).query;
                let once = read(sql);
                assert_eq!(read(&once), once, "{dialect:?}: {sql}");
            }
        }
    }
}

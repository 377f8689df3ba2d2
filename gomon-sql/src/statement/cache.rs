//! Statements read before, per thread.
//!
//! A service runs a few hundred statements again and again. Looking one up costs a hash and a comparison of its text;
//! reading it anew costs some microseconds. Per thread, so that no lock is taken; direct-mapped, so that it cannot grow.

use std::cell::RefCell;
use std::sync::Arc;

use sqlx_core::sql_str::SqlStr;

use super::{Dialect, Statement};

/// Slots of a thread's cache.
const SLOTS: usize = 128;
/// Longer texts are read each time: with [`SLOTS`] this bounds the memory of a thread to about half a megabyte.
const TEXT_BYTES: usize = 2 * 1024;

struct Entry {
    sql: SqlStr,
    dialect: Dialect,
    statement: Arc<Statement>,
}

thread_local! {
    static CACHE: RefCell<Vec<Option<Entry>>> = const { RefCell::new(Vec::new()) };
}

/// What [`Statement::read`] says of `sql`, from this thread's cache if it is there.
pub(crate) fn read_cached(sql: &SqlStr, dialect: Dialect) -> Arc<Statement> {
    if sql.as_str().len() > TEXT_BYTES {
        return Arc::new(Statement::read(sql.as_str(), dialect));
    }
    // A thread that is ending, or a call from within this one, reads anew.
    let cached = CACHE.try_with(|cache| {
        let mut slots = cache.try_borrow_mut().ok()?;
        if slots.is_empty() {
            slots.resize_with(SLOTS, || None);
        }
        let slot = slots.get_mut(slot(sql.as_str()))?;
        match slot {
            Some(entry) if entry.dialect == dialect && entry.sql.as_str() == sql.as_str() => {
                Some(Arc::clone(&entry.statement))
            }
            _ => {
                let statement = Arc::new(Statement::read(sql.as_str(), dialect));
                let entry = Entry {
                    sql: sql.clone(),
                    dialect,
                    statement: Arc::clone(&statement),
                };
                *slot = Some(entry);
                Some(statement)
            }
        }
    });
    let cached = cached.ok().flatten();
    cached.unwrap_or_else(|| Arc::new(Statement::read(sql.as_str(), dialect)))
}

/// The slot of a text. Texts that meet in one are read anew in turn, and nothing else comes of it.
fn slot(sql: &str) -> usize {
    // The upper bits are the best mixed.
    usize::try_from((hash_of(sql) >> 32) % SLOTS as u64).unwrap_or_default()
}

/// Tells texts apart, a word at a time; one that was made to meet another does.
pub(crate) fn hash_of(sql: &str) -> u64 {
    let mut hash = sql.len() as u64;
    let mut mix =
        |word: u64| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let (words, rest) = sql.as_bytes().as_chunks::<8>();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    for byte in rest {
        mix(u64::from(*byte));
    }
    hash
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr, SqlStr};

    use super::read_cached;
    use crate::statement::{Dialect, Statement};

    #[test]
    fn a_text_is_read_once_for_each_dialect() {
        let sql = SqlStr::from_static("SELECT \"a\" FROM t WHERE b = 1");
        let first = read_cached(&sql, Dialect::Postgres);
        assert!(Arc::ptr_eq(&first, &read_cached(&sql, Dialect::Postgres)));
        assert_eq!(
            read_cached(&sql, Dialect::MySql).query,
            "SELECT ? FROM t WHERE b = ?"
        );
    }

    #[test]
    fn texts_are_spread_over_the_slots() {
        let texts = (0..1000).map(|i| format!("SELECT a FROM t{i} WHERE b = $1"));
        let used: std::collections::HashSet<_> = texts.map(|text| super::slot(&text)).collect();
        assert!(used.len() > 120, "{} of 128", used.len());
    }

    #[test]
    fn what_is_cached_is_what_would_be_read() {
        for i in 0..2000 {
            let sql = AssertSqlSafe(format!("SELECT a{} FROM t{}", i % 700, i % 11)).into_sql_str();
            let cached = read_cached(&sql, Dialect::Sqlite);
            assert_eq!(*cached, Statement::read(sql.as_str(), Dialect::Sqlite));
        }
    }
}

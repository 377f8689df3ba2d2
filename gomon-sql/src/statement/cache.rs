//! Statements read before, per thread.
//!
//! A service runs a few hundred statements again and again. Looking one up costs a hash and a comparison of its text;
//! reading it anew costs some microseconds. Per thread, so that no lock is taken; direct-mapped, so that it cannot grow.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
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

fn slot(sql: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    sql.hash(&mut hasher);
    usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
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
    fn what_is_cached_is_what_would_be_read() {
        for i in 0..2000 {
            let sql = AssertSqlSafe(format!("SELECT a{} FROM t{}", i % 700, i % 11)).into_sql_str();
            let cached = read_cached(&sql, Dialect::Sqlite);
            assert_eq!(*cached, Statement::read(sql.as_str(), Dialect::Sqlite));
        }
    }
}

//! What SQLite's error log says of statements that failed.

use std::cell::RefCell;
use std::ffi::c_int;

use gomon_core::Outcome;

use crate::failure::{Failure, Values};

thread_local! {
    static LAST: RefCell<Option<Logged>> = const { RefCell::new(None) };
}

/// Takes down the errors that SQLite logs, so that the events of [`install`](super::install) have them: outcome, `code` (SQLite's extended
/// one) and message. It is for `rusqlite::trace::config_log`, which is `unsafe`: at the start of the program, before SQLite is used and
/// while there is one thread.
///
/// ```
/// # fn main() -> rusqlite::Result<()> {
/// // SAFETY: nothing else runs yet, and `error_log` makes no call to SQLite.
/// unsafe { rusqlite::trace::config_log(Some(gomon_sql::rusqlite::error_log)) }?;
/// # Ok(()) }
/// ```
///
/// SQLite has one log: a program with a function of its own calls this one from there.
pub fn error_log(code: c_int, message: &str) {
    // A statement that runs is what this thread is about; a notice or a warning says nothing of it.
    if matches!(code & 0xff, NOTICE | WARNING) || !message.starts_with(ABORTS) {
        return;
    }
    let logged = Logged {
        code,
        message: message.to_owned(),
    };
    let _ = LAST.try_with(|last| last.replace(Some(logged)));
}

/// An error, as it was logged.
#[derive(Debug)]
pub(super) struct Logged {
    code: c_int,
    message: String,
}

/// What was logged up to now is of no statement that starts now.
pub(super) fn forget() {
    let _ = LAST.try_with(RefCell::take);
}

/// The last error, if it is of this statement, which may run on any connection of the thread.
pub(super) fn take(sql: &str) -> Option<Logged> {
    let logged = LAST.try_with(RefCell::take).ok().flatten()?;
    let (_, of) = parts(&logged.message)?;
    // SQLite cuts long messages.
    (of == sql || of.len() >= LONG && sql.starts_with(of)).then_some(logged)
}

impl Logged {
    pub(super) fn failure(&self) -> Failure<'_> {
        Failure {
            message: parts(&self.message).map_or("", |(said, _)| said).into(),
            values: Values::Quoted,
            kind: kind(self.code),
            code: Some(self.code.to_string().into()),
            constraint: None,
            caller: None,
            outcome: Outcome::Failed,
        }
    }
}

/// What is said, and the statement: `statement aborts at 7: UNIQUE constraint failed: t.a; [INSERT …]`.
fn parts(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.strip_prefix(ABORTS)?.split_once(": ")?;
    let (said, sql) = rest.split_once("; [")?;
    // In a trigger its name comes first.
    let sql = match sql.strip_prefix("/* ") {
        Some(named) => named.split_once(" */ ").map_or(sql, |(_, sql)| sql),
        None => sql,
    };
    Some((said, sql.strip_suffix(']').unwrap_or(sql)))
}

/// The name of the primary code.
fn kind(code: c_int) -> &'static str {
    match code & 0xff {
        1 => "SQLITE_ERROR",
        4 => "SQLITE_ABORT",
        5 => "SQLITE_BUSY",
        6 => "SQLITE_LOCKED",
        7 => "SQLITE_NOMEM",
        8 => "SQLITE_READONLY",
        9 => "SQLITE_INTERRUPT",
        10 => "SQLITE_IOERR",
        11 => "SQLITE_CORRUPT",
        13 => "SQLITE_FULL",
        17 => "SQLITE_SCHEMA",
        18 => "SQLITE_TOOBIG",
        19 => "SQLITE_CONSTRAINT",
        20 => "SQLITE_MISMATCH",
        25 => "SQLITE_RANGE",
        _ => "SQLITE",
    }
}

const ABORTS: &str = "statement aborts at ";
const NOTICE: c_int = 27;
const WARNING: c_int = 28;
/// A message is cut at 700 bytes; shorter ones are whole.
const LONG: usize = 400;

#[cfg(test)]
mod tests {
    use super::{error_log, forget, take};

    #[test]
    fn an_error_is_told_of_its_own_statement_once() {
        let said =
            "statement aborts at 7: UNIQUE constraint failed: t.a; [INSERT INTO t VALUES (1)]";
        error_log(2067, said);
        assert!(take("SELECT 1").is_none());
        error_log(2067, said);
        let logged = take("INSERT INTO t VALUES (1)").unwrap();
        let failure = logged.failure();
        assert_eq!(failure.message, "UNIQUE constraint failed: t.a");
        assert_eq!(
            (failure.kind, failure.code.as_deref()),
            ("SQLITE_CONSTRAINT", Some("2067"))
        );
        assert!(take("INSERT INTO t VALUES (1)").is_none());
        error_log(2067, said);
        forget();
        assert!(take("INSERT INTO t VALUES (1)").is_none());
    }

    #[test]
    fn other_things_that_are_logged_are_no_error_of_a_statement() {
        error_log(283, "recovered 1 frames from WAL file");
        error_log(1, "near \"x\": syntax error in \"SELEC x\"");
        assert!(take("SELEC x").is_none());
    }

    #[test]
    fn a_statement_inside_of_a_trigger_and_one_that_was_cut_are_told_too() {
        error_log(
            19,
            "statement aborts at 3: no; [/* TRIGGER a */ INSERT INTO t VALUES (1)]",
        );
        assert!(take("INSERT INTO t VALUES (1)").is_some());
        let long = format!("SELECT {}", "a, ".repeat(1000));
        let cut: String = format!("statement aborts at 3: no; [{long}]")
            .chars()
            .take(700)
            .collect();
        error_log(1, &cut);
        assert!(take(&long).is_some());
    }
}

//! gomon runs while a test does, and its end says what was recorded.

use std::future::Future;

use gomon_core::Outcome;

/// A run of gomon; its end is a line for scripts/sqlx-tests.
pub(crate) struct Seen(Option<gomon_core::Gomon>);

impl Seen {
    pub(crate) fn start() -> Self {
        Self(gomon_core::builder().start().ok())
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        drop(self.0.take());
        // Of the run that has ended: what was still open is among them.
        let snapshot = gomon_core::aggregates();
        let (mut events, mut statements, mut abandoned) = (0, 0, 0);
        for series in snapshot
            .series()
            .filter(|series| EVENTS.contains(&series.fp()))
        {
            events += series.count();
            abandoned += series.count_of(Outcome::Abandoned);
            if STATEMENTS.contains(&series.fp()) {
                statements += series.count();
            }
        }
        eprintln!("\nseen: {events} events, {statements} of statements, {abandoned} left open");
    }
}

/// In place of what `#[sqlx::test]` runs a test with that takes no arguments.
#[track_caller]
pub fn test_block_on<F: Future>(test: F) -> F::Output {
    let _seen = Seen::start();
    real::test_block_on(test)
}

const STATEMENTS: [&str; 3] = ["sql-wconn-queryctx", "sql-wstmt-execctx", "conn-prepare"];

const EVENTS: [&str; 12] = [
    "driver-open",
    "sql-wconn",
    "conn-close",
    "sql-wpool-acquire",
    "sql-wlease",
    "conn-begintx",
    "sql-wtx-commit",
    "sql-wtx-rollback",
    "sql-savepoint",
    "sql-wconn-queryctx",
    "sql-wstmt-execctx",
    "conn-prepare",
];

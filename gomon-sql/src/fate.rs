//! Whether a transaction can still be committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use sqlx_core::error::Error;

use crate::call::Watch;
use crate::statement::shows_life;
use crate::transaction_books::Books;

/// PostgreSQL answers `COMMIT` with "fine" after a statement of the transaction failed, and rolls back. This notes the
/// failure, and that a rollback to an earlier savepoint undid it. Shared by a transaction and its savepoints; one
/// connection runs one statement at a time, so that no order between threads is needed.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// The depth at which a statement failed; 0 for none.
    failed: AtomicUsize,
    /// How many levels sqlx has open. It says so itself, but on SQLite later than it does it.
    levels: AtomicUsize,
    is_committed: AtomicBool,
}

impl Fate {
    pub(crate) fn levels(&self) -> usize {
        self.levels.load(Relaxed)
    }

    /// sqlx says that it has so many open. It may have rolled back what it began on the raw connection; on SQLite it says later
    /// that there are less.
    pub(crate) fn are_at_most(&self, levels: usize) {
        self.levels.fetch_min(levels, Relaxed);
    }

    pub(crate) fn begun(&self) {
        self.levels.fetch_add(1, Relaxed);
    }

    /// The innermost of them was committed.
    pub(crate) fn committed(&self) {
        if self.levels() == 1 {
            self.is_committed.store(true, Relaxed);
        }
        self.levels.store(self.levels().saturating_sub(1), Relaxed);
    }

    /// So many of them were rolled back.
    pub(crate) fn rolled_back(&self, levels: usize) {
        let left = self.levels().saturating_sub(levels);
        self.levels.store(left, Relaxed);
        self.undo(left + 1);
    }

    /// It was committed by the end of a savepoint, as sqlx does where one inside of that was not made.
    pub(crate) fn is_committed(&self) -> bool {
        self.levels() == 0 && self.is_committed.load(Relaxed)
    }

    pub(crate) fn fail(&self, depth: usize) {
        // A later failure, deeper or not, changes nothing: everything down to the first one has to be undone.
        let _ = self.failed.compare_exchange(0, depth, Relaxed, Relaxed);
    }

    /// The savepoint of `depth` was rolled back.
    pub(crate) fn undo(&self, depth: usize) {
        if self.failed.load(Relaxed) >= depth {
            self.failed.store(0, Relaxed);
        }
    }

    /// A statement ended well: where that needs a transaction that is alive, whatever had failed was undone, by hand or
    /// in another savepoint.
    pub(crate) fn complete(&self, sql: &str) {
        if self.is_doomed() && shows_life(sql) {
            self.failed.store(0, Relaxed);
        }
    }

    pub(crate) fn is_doomed(&self) -> bool {
        self.failed.load(Relaxed) != 0
    }
}

/// Tells a [`Fate`] of the errors at one depth of its transaction, and keeps the transaction's books.
#[derive(Debug)]
pub(crate) struct FateAt {
    pub(crate) fate: Arc<Fate>,
    pub(crate) depth: usize,
    /// A failed statement dooms the transaction.
    pub(crate) dooms: bool,
    pub(crate) books: Books,
}

impl FateAt {
    /// The innermost level was committed.
    pub(crate) fn committed(&self) {
        self.books.released(self.fate.levels());
        self.fate.committed();
    }

    /// So many levels were rolled back.
    pub(crate) fn rolled_back(&self, levels: usize) {
        self.fate.rolled_back(levels);
        self.books.undone(self.fate.levels());
    }

    /// The same transaction, inside of a savepoint.
    pub(crate) fn deeper(&self, depth: usize) -> Self {
        Self {
            fate: Arc::clone(&self.fate),
            depth,
            dooms: self.dooms,
            books: self.books.clone(),
        }
    }
}

impl Watch for FateAt {
    fn started(&self) {
        self.books.started();
    }

    fn preparing(&self) {
        self.books.step();
    }

    fn completed(&self, sql: &str, writes: bool) {
        if writes {
            self.books.wrote(self.depth);
        }
        self.fate.complete(sql);
    }

    fn failed(&self, error: &Error) {
        self.books.failed(error);
        if self.dooms && matches!(error, Error::Database(_)) {
            self.fate.fail(self.depth);
        }
    }

    fn given_up(&self) {
        self.books.spoil();
    }

    fn stopped(&self) {
        self.books.stopped();
    }
}

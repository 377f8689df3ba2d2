//! Whether a connection was opened in a poll: who opens one says so, and who waits for it looks.

use std::cell::Cell;

/// A connection has just been opened, in the poll of whoever waits for it.
pub(crate) fn note() {
    CONNECTED.set(true);
}

/// What was opened before is of no interest.
pub(crate) fn forget() {
    CONNECTED.set(false);
}

/// Whether one was opened since.
pub(crate) fn take() -> bool {
    CONNECTED.take()
}

thread_local! {
    static CONNECTED: Cell<bool> = const { Cell::new(false) };
}

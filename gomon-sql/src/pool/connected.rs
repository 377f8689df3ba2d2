//! Whether a connection was opened in a poll: who opens one says so, and who waits for it looks.

use std::cell::Cell;

/// A connection has just been opened, in the poll of whoever waits for it.
pub(crate) fn note() {
    CONNECTED.set(true);
}

/// Whether one was opened since this was asked last.
pub(crate) fn take() -> bool {
    CONNECTED.take()
}

thread_local! {
    static CONNECTED: Cell<bool> = const { Cell::new(false) };
}

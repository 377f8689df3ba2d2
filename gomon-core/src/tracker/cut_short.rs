//! Whether what is being dropped on this thread is dropped because its deadline passed.

use std::cell::Cell;

/// Runs `f`, which drops a future whose deadline passed: events that end by that are `timed-out`.
#[cfg(feature = "tokio")]
pub(crate) fn at_deadline<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            PASSED.with(|passed| passed.set(self.0));
        }
    }
    let _restore = Restore(PASSED.with(|passed| passed.replace(true)));
    f()
}

pub(crate) fn by_deadline() -> bool {
    PASSED.with(Cell::get)
}

thread_local! {
    static PASSED: Cell<bool> = const { Cell::new(false) };
}

//! How much work it is to read a text: counted in tests, where it has to grow as the text does.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// So many bytes are looked at.
#[inline(always)]
pub(super) fn count(bytes: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + bytes);
    #[cfg(not(test))]
    let _ = bytes;
}

/// How many are looked at in all.
#[cfg(test)]
pub(super) fn of(f: impl FnOnce()) -> usize {
    STEPS.set(0);
    f();
    STEPS.get()
}

//! Whether this thread formats a value for a bridge right now.
//!
//! A value's `Display` is the user's code. Were what it logs recorded and handed on, a type that
//! logs when it is displayed would be formatted for its own line, and so on without end; and a line
//! of its would come out once for gomon and once for the logger behind.

use std::cell::Cell;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::bounded::bounded_text;

thread_local! {
    static FORMATTING: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn is_formatting() -> bool {
    FORMATTING.with(Cell::get)
}

/// Formats at most so many bytes; also what was cut. A value that panics leaves what it wrote.
pub(crate) fn formatted(value: impl Display, bytes: usize) -> (String, u64) {
    let _formatting = Formatting::begin();
    bounded_text(value, bytes)
}

/// Runs `f`, which calls code of the user's, and stops where that panics.
pub(crate) fn guarded(f: impl FnOnce()) {
    let _formatting = Formatting::begin();
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // It may panic again when it is dropped.
        std::mem::forget(payload);
    }
}

struct Formatting {
    before: bool,
}

impl Formatting {
    fn begin() -> Self {
        Self {
            before: FORMATTING.with(|formatting| formatting.replace(true)),
        }
    }
}

impl Drop for Formatting {
    fn drop(&mut self) {
        FORMATTING.with(|formatting| formatting.set(self.before));
    }
}

//! The stack of a panic, as text.

use std::backtrace::Backtrace;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::clock::{self, Stamp};
use crate::fork;

/// Whether panics have one, from now on.
pub(crate) fn set_wanted(wanted: bool) {
    WANTED.store(wanted, Ordering::Relaxed);
}

pub(crate) fn is_wanted() -> bool {
    WANTED.load(Ordering::Relaxed)
}

/// The stack of the panic that is being raised there, its innermost frame first; `None` if it is not wanted, or that place had
/// one in the last ten seconds. To find the names takes milliseconds, the first time more.
pub(super) fn of_panic(location: &str) -> Option<String> {
    if !WANTED.load(Ordering::Relaxed) || !is_due(location) {
        return None;
    }
    let shown = std::panic::catch_unwind(|| Backtrace::force_capture().to_string());
    Some(own_frames(&shown.ok()?))
}

/// Whether it is time for one of that place; of more places than are remembered, it is always.
fn is_due(location: &str) -> bool {
    let now = clock::now();
    let Some(mut recent) = fork::lock(&RECENT) else {
        return false;
    };
    recent.retain(|(_, at)| clock::nanos_between(*at, now) < EVERY_NANOS);
    if recent.iter().any(|(known, _)| known == location) {
        return false;
    }
    if recent.len() < MOST_RECENT {
        recent.push((location.to_owned(), now));
    }
    true
}

/// Leaves out what the panic itself put on the stack, and what is below the thread's own function.
fn own_frames(whole: &str) -> String {
    let mut frames = String::new();
    let mut inside = false;
    for line in whole.lines() {
        let symbol = line.split_once(": ").map_or("", |(_, symbol)| symbol);
        if symbol.contains("__rust_begin_short_backtrace") {
            break;
        }
        let is_of_panic = IN_PANIC.iter().any(|name| symbol.contains(name));
        if is_of_panic {
            // Everything so far was above the code that panicked.
            frames.clear();
            inside = true;
            continue;
        }
        let is_place = symbol.is_empty();
        if inside && !(is_place && frames.is_empty()) {
            frames.push_str(line.trim_start());
            frames.push('\n');
        }
        if frames.len() > MOST_BYTES {
            break;
        }
    }
    if inside { frames } else { whole.to_owned() }
}

const IN_PANIC: [&str; 4] = [
    "rust_begin_unwind",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::option::",
];
static WANTED: AtomicBool = AtomicBool::new(true);
static RECENT: Mutex<Vec<(String, Stamp)>> = Mutex::new(Vec::new());
const EVERY_NANOS: u64 = 10_000_000_000;
const MOST_RECENT: usize = 64;
/// Of text: the deepest frames matter least.
const MOST_BYTES: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_panic_and_of_the_thread_are_left_out() {
        let whole = "   0: std::backtrace::Backtrace::force_capture
   1: gomon_core::tracker::panics::note
   2: rust_begin_unwind
             at /rustc/x/library/std/src/panicking.rs:689:5
   3: core::panicking::panic_fmt
             at /rustc/x/library/core/src/panicking.rs:80:14
   4: shop::checkout
             at ./src/checkout.rs:7:3
   5: shop::main
             at ./src/main.rs:3:1
   6: std::sys::backtrace::__rust_begin_short_backtrace
   7: main";
        let expected =
            "4: shop::checkout\nat ./src/checkout.rs:7:3\n5: shop::main\nat ./src/main.rs:3:1\n";
        assert_eq!(own_frames(whole), expected);
        assert_eq!(own_frames("no frames"), "no frames");
    }

    #[test]
    fn each_place_has_one_at_a_time() {
        assert!(is_due("a.rs:1") && is_due("b.rs:1") && !is_due("a.rs:1"));
    }
}

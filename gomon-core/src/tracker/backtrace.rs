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
    let mut at = Part::AbovePanic;
    for line in whole.lines() {
        let symbol = line.split_once(": ").map(|(_, symbol)| symbol);
        if let Some(symbol) = symbol {
            let is = |names: &[&str]| names.iter().any(|name| symbol.contains(name));
            if symbol.contains("__rust_begin_short_backtrace") {
                break;
            }
            at = match at {
                Part::AbovePanic if !is(&["rust_begin_unwind"]) => Part::AbovePanic,
                Part::AbovePanic | Part::InPanic if is(&PANICKING) => Part::InPanic,
                _ => Part::Below,
            };
        }
        if at == Part::Below {
            frames.push_str(line.trim_start());
            frames.push('\n');
        }
        if frames.len() > MOST_BYTES {
            break;
        }
    }
    match at {
        Part::AbovePanic => whole.to_owned(),
        Part::InPanic | Part::Below => frames,
    }
}

/// Of the stack, its innermost frame first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    AbovePanic,
    InPanic,
    Below,
}

/// What the standard library panics through; below it these are frames like any other.
const PANICKING: [&str; 5] = [
    "rust_begin_unwind",
    "core::panicking::",
    "core::option::",
    "core::result::",
    "core::slice::index::",
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
   5: core::option::Option<T>::map_or
             at /rustc/x/library/core/src/option.rs:1:1
   6: shop::main
             at ./src/main.rs:3:1
   7: std::sys::backtrace::__rust_begin_short_backtrace
   8: main";
        let expected = "4: shop::checkout
at ./src/checkout.rs:7:3
5: core::option::Option<T>::map_or
at /rustc/x/library/core/src/option.rs:1:1
6: shop::main
at ./src/main.rs:3:1
";
        assert_eq!(own_frames(whole), expected);
        assert_eq!(own_frames("no frames"), "no frames");
    }

    #[test]
    fn each_place_has_one_at_a_time() {
        assert!(is_due("a.rs:1") && is_due("b.rs:1") && !is_due("a.rs:1"));
    }
}

//! What gomon leaves of itself in a program built with its feature `off`: the same function with its calls and without.
//!
//! Build it alone (`-p bench-off`, as scripts/bench does), or the feature reaches the other groups.

use std::hint::black_box;
use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use bench_kit::Cost::{AppAllocs, AppInstructions};
use bench_kit::{Arm, Cell, Counting, Goal, Table, run};
use gomon::EventTracker;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TABLES: &[Table] = &[
    Table::new("a function", "call", &["plain", "gomon"], "plain"),
    Table::new("a future", "future", &["plain", "gomon"], "plain"),
];

const GOALS: &[Goal] = &[
    Goal::ratio(
        "P4",
        "feature off: instructions of a call, with / without",
        Cell::new("call", &["gomon"], AppInstructions),
        Cell::new("call", &["plain"], AppInstructions),
        1.0,
    ),
    Goal::at_most(
        "P4",
        "feature off: allocations of a future",
        Cell::new("future", &["gomon"], AppAllocs),
        0.0,
    ),
];

fn main() -> ExitCode {
    run("off", TABLES, GOALS, make)
}

fn make(arm: &str, input: &str) -> Option<Arm> {
    let operation = match (input, arm) {
        ("call", "plain") => plain_call,
        ("call", "gomon") => monitored_call,
        ("future", "plain") => plain_future,
        ("future", "gomon") => monitored_future,
        _ => return None,
    };
    let burst = move || {
        for number in 0..BURST {
            black_box(operation(black_box(number)));
        }
    };
    Some(Arm::new(BURST, burst))
}

fn plain_call(number: u64) -> u64 {
    work(number)
}

fn monitored_call(number: u64) -> u64 {
    let mut root = EventTracker::new("call");
    root.set("number", number).set("kind", "even");
    let result = {
        let mut child = root.child("work");
        child.enter(|| work(number))
    };
    root.set("result", result);
    result
}

fn plain_future(number: u64) -> u64 {
    ready(async { async { work(number) }.await })
}

fn monitored_future(number: u64) -> u64 {
    ready(async {
        let mut root = EventTracker::new("future");
        root.set("number", number);
        let result = root.scope(async { work(number) }).await;
        root.set("result", result);
        result
    })
}

/// Something that the compiler cannot do beforehand.
#[inline(never)]
fn work(number: u64) -> u64 {
    (0..black_box(16)).fold(number, |sum, next| sum.rotate_left(5) ^ next)
}

fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Calls of one burst.
const BURST: u64 = 1024;

//! How the cost of an event of gomon grows: with its attributes, its depth, and the listeners. The arm is a number.

use ::gomon::EventTracker;
use bench_kit::Arm;

use super::gomon::{Discard, eight, flush};
use crate::work::{BURST, delivered, request};

/// What is more than 16, an event keeps outside of itself.
pub(crate) const ATTRIBUTES: &[&str] = &["0", "1", "2", "4", "8", "16", "17", "32"];

pub(crate) const DEPTHS: &[&str] = &["1", "4", "16", "64"];

pub(crate) const LISTENERS: &[&str] = &["1", "2", "4", "8"];

pub(crate) fn make(arm: &str, input: &str) -> Option<Arm> {
    let number: usize = arm.parse().ok()?;
    let (listeners, burst): (_, Box<dyn Fn() + Send + Sync>) = match input {
        "attributes" => (1, Box::new(move || attributes(number))),
        "depth" => (1, Box::new(move || depth(number))),
        "listeners" => (number, Box::new(listened)),
        _ => return None,
    };
    let builder = ::gomon::builder().application_id("bench");
    let builder = (0..listeners).fold(builder, |builder, _| builder.listener(Discard));
    std::mem::forget(builder.start().expect("gomon starts once a process"));
    let arm = Arm::new(BURST, burst).flush(flush);
    Some(arm.delivers(listeners as f64, delivered))
}

fn attributes(number: usize) {
    for _ in 0..BURST {
        let mut event = EventTracker::new("child");
        for key in &KEYS[..number] {
            event.set(key, 200);
        }
    }
}

/// Chains of so many events, each the child of the one before.
fn depth(number: usize) {
    fn nest(left: usize) {
        if left > 0 {
            EventTracker::new("child").enter(|| nest(left - 1));
        }
    }
    for _ in 0..BURST / number as u64 {
        nest(number);
    }
}

fn listened() {
    for _ in 0..BURST {
        eight(&mut EventTracker::new("child"), request());
    }
}

const KEYS: [&str; 32] = [
    "key-00", "key-01", "key-02", "key-03", "key-04", "key-05", "key-06", "key-07", "key-08",
    "key-09", "key-10", "key-11", "key-12", "key-13", "key-14", "key-15", "key-16", "key-17",
    "key-18", "key-19", "key-20", "key-21", "key-22", "key-23", "key-24", "key-25", "key-26",
    "key-27", "key-28", "key-29", "key-30", "key-31",
];

//! Where the time of an event goes: the clock alone, an event without anything, and what each thing adds to it.

use std::hint::black_box;

use ::gomon::{EventTracker, Value};
use bench_kit::{Arm, ticks};

use super::gomon::{Discard, flush};
use crate::work::{BURST, delivered};

pub(crate) const PARTS: &[&str] = &[
    "two_clock_reads",
    "event",
    "event_8_integers",
    "event_8_static_texts",
    "event_3_labels",
    "event_8_texts_of_16",
    "event_8_texts_of_40",
    "event_entered",
];

pub(crate) fn make(arm: &str, input: &str) -> Option<Arm> {
    if input != "parts" {
        return None;
    }
    let part: fn() = match arm {
        "two_clock_reads" => {
            let reads = || {
                for _ in 0..BURST {
                    black_box(ticks());
                    black_box(ticks());
                }
            };
            return Some(Arm::new(BURST, reads));
        }
        "event" => || event(|_| ()),
        "event_8_integers" => || event(|event| eight(event, |number| number.into())),
        "event_8_static_texts" => || event(|event| eight(event, |_| Value::Static("GET"))),
        "event_3_labels" => || event(labels),
        "event_8_texts_of_16" => || {
            let text = "x".repeat(16);
            event(|event| eight(event, |_| Value::Str(black_box(&text))));
        },
        "event_8_texts_of_40" => || {
            let text = "x".repeat(40);
            event(|event| eight(event, |_| Value::Str(black_box(&text))));
        },
        "event_entered" => || event(|event| event.enter(|| black_box(()))),
        _ => return None,
    };
    let builder = ::gomon::builder().application_id("bench").listener(Discard);
    std::mem::forget(builder.start().expect("gomon starts once a process"));
    let arm = Arm::new(BURST, part).flush(flush);
    Some(arm.delivers(1.0, delivered))
}

/// Those of a request: into such a record the bus looks, to count it with its like.
#[inline(always)]
fn labels(event: &mut EventTracker) {
    event
        .set("method", Value::Static("GET"))
        .set("route", Value::Static("/users/{id}"))
        .set("response_code", 200u64);
}

#[inline(always)]
fn event(with: impl Fn(&mut EventTracker)) {
    for _ in 0..BURST {
        with(&mut EventTracker::new("child"));
    }
}

#[inline(always)]
fn eight<'a>(event: &mut EventTracker, value: impl Fn(i64) -> Value<'a>) {
    event
        .set("http.request.method", value(1))
        .set("url.path", value(2))
        .set("http.response.status_code", value(3))
        .set("http.route", value(4))
        .set("url.scheme", value(5))
        .set("server.address", value(6))
        .set("user_agent.original", value(7))
        .set("client.address", value(8));
}

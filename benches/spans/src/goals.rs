//! What gomon must reach: P1 to P4 of docs/performance.md.

use bench_kit::Cost::{All, AllAllocs, App, AppAllocs, AppInstructions};
use bench_kit::{Cell, Goal};

const GOMON: &[&str] = &["gomon"];
/// With the aggregates, which are always made, and every kind of merit asked for.
const SAMPLING: &[&str] = &["gomon_sampling"];
const OFF: &[&str] = &["gomon_off"];
const FASTRACE: &[&str] = &["fastrace_span"];
const OTEL: &[&str] = &["otel_sdk"];
const FLOORS: &[&str] = &["floor", "floor_owned"];

/// Those that one can use.
const PEERS: &[&str] = &[
    "fastrace_local",
    "fastrace_span",
    "otel_sdk",
    "tracing_otel_lean",
    "tracing_otel",
    "tracing_fmt_json",
];

pub(crate) const GOALS: &[Goal] = &[
    Goal::ratio(
        "P1",
        "w3 app / fastrace Span",
        Cell::new("w3", SAMPLING, App),
        Cell::new("w3", FASTRACE, App),
        0.28,
    ),
    Goal::ratio(
        "P1",
        "w3 app / best floor",
        Cell::new("w3", SAMPLING, App),
        Cell::new("w3", FLOORS, App),
        1.15,
    ),
    Goal::ratio(
        "P1",
        "w3 all / best peer",
        Cell::new("w3", SAMPLING, All),
        Cell::new("w3", PEERS, All),
        0.18,
    ),
    Goal::ratio(
        "P1",
        "w3 instructions app / fastrace Span",
        Cell::new("w3", SAMPLING, AppInstructions),
        Cell::new("w3", FASTRACE, AppInstructions),
        0.40,
    ),
    Goal::at_most(
        "P1",
        "w3 allocations app",
        Cell::new("w3", SAMPLING, AppAllocs),
        0.0,
    ),
    Goal::at_most(
        "P1",
        "w3 allocations all",
        Cell::new("w3", SAMPLING, AllAllocs),
        0.1,
    ),
    Goal::ratio(
        "P2",
        "w1 app / fastrace Span",
        Cell::new("w1", GOMON, App),
        Cell::new("w1", FASTRACE, App),
        0.55,
    ),
    Goal::ratio(
        "P2",
        "w1 all / fastrace Span",
        Cell::new("w1", GOMON, All),
        Cell::new("w1", FASTRACE, All),
        0.25,
    ),
    Goal::ratio(
        "P2",
        "w2 app / fastrace Span",
        Cell::new("w2", GOMON, App),
        Cell::new("w2", FASTRACE, App),
        0.25,
    ),
    Goal::ratio(
        "P2",
        "w2 all / opentelemetry_sdk",
        Cell::new("w2", GOMON, All),
        Cell::new("w2", OTEL, All),
        0.18,
    ),
    Goal::at_most(
        "P2",
        "w1 allocations app",
        Cell::new("w1", GOMON, AppAllocs),
        0.0,
    ),
    Goal::at_most(
        "P2",
        "w2 allocations app",
        Cell::new("w2", GOMON, AppAllocs),
        0.0,
    ),
    Goal::ratio(
        "P3",
        "w4 all / best peer",
        Cell::new("w4", GOMON, All),
        Cell::new("w4", PEERS, All),
        0.35,
    ),
    Goal::ratio(
        "P4",
        "w5 app / tracing without subscriber",
        Cell::new("w5", OFF, App),
        Cell::new("w5", &["tracing_none"], App),
        1.5,
    ),
    Goal::at_most(
        "P4",
        "w5 instructions a trace",
        Cell::new("w5", OFF, AppInstructions),
        32.0,
    ),
    Goal::ratio(
        "P4",
        "w5 all, head-sampled out / fastrace unsampled",
        Cell::new("w5", &["gomon_head"], All),
        Cell::new("w5", &["fastrace_unsampled"], All),
        0.25,
    ),
    two_threads("w1 app, two threads / one", "w1"),
    two_threads("w2 app, two threads / one", "w2"),
    two_threads("w3 app, two threads / one", "w3"),
    split("w2 app, across cores / on one", "w2-split", "w2"),
    split("w3 app, across cores / on one", "w3-split", "w3"),
];

const fn two_threads(what: &'static str, workload: &'static str) -> Goal {
    let alone = Cell::new(workload, GOMON, App);
    Goal::ratio("P4", what, alone.on_threads(2), alone, 1.15)
}

const fn split(what: &'static str, across: &'static str, workload: &'static str) -> Goal {
    let (across, alone) = (
        Cell::new(across, GOMON, App),
        Cell::new(workload, GOMON, App),
    );
    Goal::ratio("P4", what, across, alone, 1.2)
}

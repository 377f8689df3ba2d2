//! What an event costs inside the process: gomon, its peers and hand-written floors.
//!
//! Build it alone (`-p bench-spans`, as scripts/bench does): in a build of the whole workspace other crates switch on
//! `tracing/log`, which makes a disabled tracing span 25 times dearer.

mod arms;
mod goals;
mod work;

use std::process::ExitCode;

use arms::{growth, parts};
use bench_kit::{Arm, Counting, Table, run};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ARMS: &[&str] = &[
    "gomon",
    "floor",
    "floor_owned",
    "fastrace_local",
    "fastrace_span",
    "otel_sdk",
    "tracing_otel_lean",
    "tracing_otel",
    "tracing_fmt_json",
    "naive_port",
];

/// And ways in which gomon can be used differently.
const REQUEST_ARMS: &[&str] = &[
    "gomon",
    "gomon_sampling",
    "gomon_context",
    "floor",
    "floor_owned",
    "fastrace_local",
    "fastrace_span",
    "otel_sdk",
    "tracing_otel_lean",
    "tracing_otel",
    "tracing_fmt_json",
    "naive_port",
];

const DISABLED: &[&str] = &[
    "gomon_off",
    "gomon_head",
    "floor_off",
    "tracing_none",
    "tracing_off",
    "fastrace_noparent",
    "fastrace_unsampled",
    "fastrace_span_noop",
    "otel_noop",
    "otel_unsampled",
    "tracing_otel_unsampled",
];

/// The arms that the goal over two cores and two threads is about.
const CLOSE: &[&str] = &[
    "gomon",
    "floor",
    "floor_owned",
    "fastrace_local",
    "fastrace_span",
    "otel_sdk",
];

const TABLES: &[Table] = &[
    Table::new("a root and its child", "w1", ARMS, "fastrace_span"),
    Table::new("one child with 8 attributes", "w2", ARMS, "fastrace_span"),
    Table::new(
        "a request trace, 4 events with 22 attributes",
        "w3",
        REQUEST_ARMS,
        "fastrace_span",
    ),
    Table::new("a request trace to JSON lines", "w4", ARMS, "fastrace_span"),
    Table::new(
        "a request trace, disabled or sampled out",
        "w5",
        DISABLED,
        "tracing_none",
    ),
    Table::new("a root and its child", "w1", CLOSE, "fastrace_span").on_threads(2),
    Table::new("one child with 8 attributes", "w2", CLOSE, "fastrace_span").on_threads(2),
    Table::new("a request trace", "w3", CLOSE, "fastrace_span").on_threads(2),
    Table::new("one child with 8 attributes", "w2", CLOSE, "fastrace_span").split_as("w2-split"),
    Table::new("a request trace", "w3", CLOSE, "fastrace_span").split_as("w3-split"),
    Table::new(
        "a request trace",
        "w3",
        &["gomon", "floor_owned", "fastrace_span"],
        "fastrace_span",
    )
    .on_threads(4),
    Table::new(
        "where the time of an event goes",
        "parts",
        parts::PARTS,
        "event",
    ),
    Table::new(
        "an event with so many attributes",
        "attributes",
        growth::ATTRIBUTES,
        "8",
    ),
    Table::new(
        "an event so many levels down, mean of the levels",
        "depth",
        growth::DEPTHS,
        "1",
    ),
    Table::new(
        "an event with 8 attributes to so many listeners",
        "listeners",
        growth::LISTENERS,
        "1",
    ),
];

fn main() -> ExitCode {
    run("spans", TABLES, goals::GOALS, make)
}

fn make(arm: &str, input: &str) -> Option<Arm> {
    if let Some(arm) = growth::make(arm, input).or_else(|| parts::make(arm, input)) {
        return Some(arm);
    }
    let workload = work::Workload::named(input)?;
    arms::gomon::make(arm, workload)
        .or_else(|| arms::floor::make(arm, workload))
        .or_else(|| arms::fastrace::make(arm, workload))
        .or_else(|| arms::otel::make(arm, workload))
        .or_else(|| arms::tracing::make(arm, workload))
        .or_else(|| arms::naive::make(arm, workload))
}

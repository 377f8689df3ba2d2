//! What gomon must reach: P5 of docs/performance.md. P6 is judged under wrk.

use bench_kit::Cost::{self, All, App, AppAllocs};
use bench_kit::{Cell, Goal};

const SHORT: &str = "oneshot";
const HEADERS: &str = "oneshot-headers";

pub(crate) const GOALS: &[Goal] = &[
    Goal::added(
        "P5",
        "added app / fastrace-axum's",
        added(SHORT, "gomon", "fastrace_axum", App),
        0.40,
    ),
    Goal::added(
        "P5",
        "added app / fastrace-axum's, 12 headers",
        added(HEADERS, "gomon", "fastrace_axum", App),
        0.60,
    ),
    Goal::added(
        "P5",
        "added all / fastrace-axum's",
        added(SHORT, "gomon", "fastrace_axum", All),
        0.25,
    ),
    more_allocations("added allocations", SHORT),
    more_allocations("added allocations, 12 headers", HEADERS),
    Goal::added(
        "P5",
        "off: added app / tower-http's without subscriber",
        added(SHORT, "gomon_off", "towerhttp_nosub", App),
        0.30,
    ),
];

const fn added(
    workload: &'static str,
    arm: &'static str,
    peer: &'static str,
    cost: Cost,
) -> [Cell; 3] {
    [
        cell(workload, arm, cost),
        cell(workload, peer, cost),
        cell(workload, "plain", cost),
    ]
}

const fn more_allocations(what: &'static str, workload: &'static str) -> Goal {
    let [gomon, _, plain] = added(workload, "gomon", "plain", AppAllocs);
    Goal::at_most_more("P5", what, gomon, plain, 4.0)
}

const fn cell(workload: &'static str, arm: &'static str, cost: Cost) -> Cell {
    Cell::new(workload, arms(arm), cost)
}

/// The one arm, as a list that lives on.
const fn arms(arm: &'static str) -> &'static [&'static str] {
    match arm.as_bytes() {
        b"gomon" => &["gomon"],
        b"gomon_off" => &["gomon_off"],
        b"fastrace_axum" => &["fastrace_axum"],
        b"towerhttp_nosub" => &["towerhttp_nosub"],
        _ => &["plain"],
    }
}

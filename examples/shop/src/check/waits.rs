//! Where the time of requests went.

use std::collections::BTreeMap;

use serde_json::Value;

use super::log::Run;
use crate::args::Preset;

/// Of the time of each route's requests at most a twentieth has no name. What nobody takes apart, such as the wait for another
/// core, is `ready`.
pub(super) fn accounted_for(run: &Run, _: Preset) -> Vec<String> {
    let mut routes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for request in run.closed("http-wmux-servehttp") {
        let (unaccounted, lapsed) = routes.entry(request.text("route")).or_default();
        let wait = request.get("wait").and_then(|wait| wait.get("unaccounted"));
        *unaccounted += wait.and_then(Value::as_u64).unwrap_or(0);
        *lapsed += request
            .get("gomon:lapsed")
            .and_then(Value::as_u64)
            .unwrap_or(0);
    }
    routes
        .into_iter()
        .filter(|(_, (unaccounted, lapsed))| unaccounted * 20 > *lapsed)
        .map(|(route, (unaccounted, lapsed))| {
            format!("{route:?}: {unaccounted} ns of {lapsed} ns are unaccounted for")
        })
        .collect()
}

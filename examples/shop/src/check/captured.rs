//! What a preset takes, and what none of them does.

use super::log::Run;
use crate::args::Preset;
use crate::load::SECRET;

/// Bodies, remote addresses and rows with `full` alone; headers with all but `minimal`.
pub(super) fn as_asked(run: &Run, capture: Preset) -> Vec<String> {
    let has = |key: &str| run.events().any(|event| event.get(key).is_some());
    let (full, headers) = (capture == Preset::Full, capture != Preset::Minimal);
    let rows = run.closed("sql-wrows").next().is_some();
    let found = [
        ("request bodies", has("request_body"), full),
        ("response bodies", has("response_body"), full),
        ("remote addresses", has("remoteaddr"), full),
        ("rows", rows, full),
        ("request headers", has("headers"), headers),
        ("response headers", has("response_headers"), headers),
    ];
    found
        .into_iter()
        .filter(|(_, there, wanted)| there != wanted)
        .map(|(what, there, _)| format!("{what} are {}", if there { "there" } else { "missing" }))
        .collect()
}

/// The headers of the load that hold a secret say so, and no secret is anywhere.
pub(super) fn secrets_masked(run: &Run, capture: Preset) -> Vec<String> {
    let leaks = run
        .events()
        .filter(|event| event.to_json().contains(SECRET))
        .map(|event| format!("{event} holds a secret in clear"));
    let mut problems: Vec<String> = leaks.collect();
    for header in ["cookie", "authorization"] {
        let masked = run
            .closed("http-wmux-servehttp")
            .any(|request| request.header(header) == Some("[redacted]"));
        if !masked && capture != Preset::Minimal {
            problems.push(format!("no request shows a masked {header}"));
        }
    }
    problems
}

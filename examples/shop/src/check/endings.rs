//! How events end.

use std::collections::HashMap;

use super::log::{Event, Run};
use crate::args::Preset;

/// A key cannot come twice in what was read, so one outcome is an outcome at all.
pub(super) fn one_outcome(run: &Run, _: Preset) -> Vec<String> {
    run.events()
        .filter(|event| match event.is_open() {
            true => event.get("gomon:outcome").is_some(),
            false => !OUTCOMES.contains(&event.outcome()),
        })
        .map(|event| format!("{event}: outcome {:?}", event.outcome()))
        .collect()
}

/// No record comes twice, and no opening event is left alone.
pub(super) fn closed_once(run: &Run, _: Preset) -> Vec<String> {
    let mut seen: HashMap<&str, (u32, u32)> = HashMap::new();
    for event in run.events() {
        let (openings, closings) = seen.entry(event.id()).or_default();
        *(if event.is_open() { openings } else { closings }) += 1;
    }
    seen.into_iter()
        .filter(|&(_, counts)| counts != (0, 1) && counts != (1, 1))
        .map(|(id, (openings, closings))| {
            format!("{id} opened {openings} times and closed {closings} times")
        })
        .collect()
}

/// The routes whose requests the load brings to a bad end, and no unit of work that outlived the
/// process.
pub(super) fn honest(run: &Run, _: Preset) -> Vec<String> {
    let wrong = run.closed("http-wmux-servehttp").filter_map(|request| {
        let (_, expected) = BAD_ENDS.iter().find(|(path, _)| *path == request.path())?;
        (request.outcome() != *expected)
            .then(|| format!("{} {request}: {}", request.path(), request.outcome()))
    });
    let abandoned = run
        .events()
        .filter(|event| event.outcome() == "abandoned")
        .map(Event::to_string);
    wrong.chain(abandoned).collect()
}

const BAD_ENDS: [(&str, &str); 4] = [
    ("/fail", "failed"),
    ("/panic", "panicked"),
    ("/hang", "cancelled"),
    ("/feed", "truncated"),
];

const OUTCOMES: [&str; 7] = [
    "completed",
    "failed",
    "panicked",
    "cancelled",
    "timed-out",
    "truncated",
    "abandoned",
];

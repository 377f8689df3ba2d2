//! Who is whose parent.

use super::log::{Event, Run};
use crate::args::Preset;

/// The first line is the application event; all others are of the same run, and none is another
/// one.
pub(super) fn application_first(run: &Run, _: Preset) -> Vec<String> {
    let mut problems = Vec::new();
    for log in run.logs() {
        let Some((first, later)) = log.events.split_first() else {
            problems.push(format!("{} is empty", log.name));
            continue;
        };
        if first.fp() != "application" || first.text("execution-id") != first.id() {
            problems.push(format!("{} begins with {first}", log.name));
        }
        let strange = |event: &&Event| {
            event.fp() == "application" || event.text("exec") != first.text("execution-id")
        };
        let strangers = later.iter().filter(strange);
        problems.extend(strangers.map(|event| format!("{}: {event} is not of it", log.name)));
    }
    problems
}

/// A parent is an event of one of the two processes, or the span that a request's `traceparent`
/// names; where no headers were captured, a request is believed.
pub(super) fn parents_known(run: &Run, capture: Preset) -> Vec<String> {
    let called = |event: &Event| match capture {
        Preset::Minimal => event.fp() == "http-wmux-servehttp",
        Preset::Safe | Preset::Full => caller(event).as_deref() == Some(event.parent()),
    };
    run.events()
        .filter(|event| event.fp() != "application")
        .filter(|event| run.find(event.parent()).is_none() && !called(event))
        .map(|event| format!("{event}: parent {:?} is nowhere", event.parent()))
        .collect()
}

/// One clock tells all times of a process.
pub(super) fn parents_first(run: &Run, _: Preset) -> Vec<String> {
    run.events()
        .filter_map(|event| run.find(event.parent()).map(|parent| (event, parent)))
        .filter(|(event, parent)| {
            event.text("exec") == parent.text("exec") && event.start() < parent.start()
        })
        .map(|(event, parent)| format!("{event} starts before {parent}"))
        .collect()
}

/// What always has a cause found it.
pub(super) fn no_orphans(run: &Run, _: Preset) -> Vec<String> {
    run.events()
        .filter(|event| event.get("orphan").is_some())
        .map(|event| format!("{event} is an orphan"))
        .collect()
}

/// The id of the event that sent the request `event`, computed from its `traceparent`: the high
/// half of the trace id with version nibble 8, then the span id.
fn caller(event: &Event) -> Option<String> {
    let mut fields = event.header("traceparent")?.split('-').skip(1);
    let (trace, span) = (fields.next()?, fields.next()?);
    let high = trace.get(..16)?;
    Some(format!(
        "{}-{}-8{}-{}-{}",
        high.get(..8)?,
        high.get(8..12)?,
        high.get(13..)?,
        span.get(..4)?,
        span.get(4..)?
    ))
}

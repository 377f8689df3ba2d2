//! Whether everything that was made is there.

use serde_json::Value;

use super::log::{Event, Log, Run};
use crate::args::Preset;

/// The last event counts itself and all before it.
pub(super) fn complete(run: &Run, _: Preset) -> Vec<String> {
    run.logs().into_iter().filter_map(incomplete).collect()
}

fn incomplete(log: &Log) -> Option<String> {
    let Some(end) = end(log) else {
        return Some(format!("{} does not end with application-end", log.name));
    };
    let created = end.get("created").and_then(Value::as_u64);
    let records = log.records();
    let right = created == u64::try_from(records).ok() && records == log.events.len();
    (!right).then(|| {
        let created = created.map_or("nothing".into(), |created| created.to_string());
        format!(
            "{}: {} lines, {records} records, {created} created",
            log.name,
            log.events.len()
        )
    })
}

/// By no listener, for no reason.
pub(super) fn nothing_dropped(run: &Run, _: Preset) -> Vec<String> {
    run.logs().into_iter().flat_map(losses).collect()
}

fn losses(log: &Log) -> Vec<String> {
    let Some(listeners) = end(log).and_then(|end| end.get("listeners")?.as_array()) else {
        return vec![format!("{} does not say what its listeners got", log.name)];
    };
    listeners
        .iter()
        .filter(|listener| {
            listener["dropped"]
                .as_object()
                .is_none_or(|reasons| !reasons.is_empty())
        })
        .map(|listener| format!("{}: {listener}", log.name))
        .collect()
}

fn end(log: &Log) -> Option<&Event> {
    log.events
        .last()
        .filter(|event| event.fp() == "application-end")
}

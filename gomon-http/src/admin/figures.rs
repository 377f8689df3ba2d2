//! What was counted: events, series, and what wrappers show of themselves.

use gomon_core::{ListenerReport, Series, aggregates, probe, stats};
use serde_json::{Map, Value, json};

use super::parameters::Parameters;
use super::reply::Reply;

/// `/stats`.
pub(super) fn all() -> Reply {
    let report = stats();
    let snapshot = aggregates();
    let listeners: Vec<_> = report.listeners.iter().map(listener).collect();
    let series: Vec<_> = snapshot.series().map(of_series).collect();
    let probes: Vec<_> = probe::read().into_iter().map(of_probe).collect();
    let told = json!({
        "created": report.created,
        "delivered": report.delivered(),
        "dropped": report.dropped(),
        "spent-nanos": report.spent_nanos,
        "listeners": listeners,
        "series": series,
        "probes": probes,
    });
    Reply::json(200, &told)
}

fn listener(listener: &ListenerReport) -> Value {
    let dropped: Map<_, _> = listener
        .dropped
        .iter()
        .map(|(reason, count)| (reason.to_string(), (*count).into()))
        .collect();
    json!({
        "name": listener.name,
        "created": listener.created,
        "delivered": listener.delivered,
        "pending": listener.pending,
        "pending-bytes": listener.pending_bytes,
        "dropped": dropped,
        "queue-high-water": listener.queue_high_water,
        "quarantined-secs": listener.quarantined_for.map(|time| time.as_secs_f64()),
        "last-error": listener.last_error,
    })
}

fn of_series(series: &Series) -> Value {
    let labels: Map<_, _> = series
        .labels()
        .map(|(label, value)| (label.to_string(), value.into()))
        .collect();
    let quantile = |share| nanos(series.quantile(share));
    json!({
        "fp": series.fp(),
        "labels": labels,
        "count": series.count(),
        "with-error": series.with_error(),
        "total": nanos(series.total()),
        "min": nanos(series.min()),
        "max": nanos(series.max()),
        "p50": quantile(0.5),
        "p99": quantile(0.99),
    })
}

fn of_probe(probe: probe::Reading) -> Value {
    let gauges: Map<_, _> = probe.gauges.into_iter().map(shown).collect();
    let rows: Map<_, _> = probe.rows.into_iter().map(shown).collect();
    json!({
        "name": probe.name,
        "gauges": gauges,
        "rows": rows,
        "actions": probe.actions,
        "files": probe.files,
    })
}

/// `/file`: what a probe has to be downloaded.
pub(super) fn file(parameters: &mut Parameters) -> Result<Reply, Reply> {
    let probe = parameters.text("probe")?;
    let name = parameters.text("name")?;
    parameters.end()?;
    let (Some(probe), Some(name)) = (probe, name) else {
        return Err(Reply::error(400, "probe and name belong together"));
    };
    let bytes = probe::file(&probe, &name);
    let bytes = bytes.map_err(|error| Reply::error(404, &error.to_string()))?;
    Ok(Reply::file(&name, bytes))
}

/// What could not be found out says why.
fn shown<T: Into<Value>>((name, value): (String, Result<T, String>)) -> (String, Value) {
    let value = value.map_or_else(|error| json!({"error": error}), Into::into);
    (name, value)
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

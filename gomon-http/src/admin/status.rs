//! What is in flight, and whether gomon is well.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use gomon_core::{Work, aggregates, application_id, config_state, execution_id, in_flight, stats};
use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::reply::Reply;
use crate::keys;

/// `/request-status`: as a table for people, or as JSON.
pub(super) fn requests(headers: &HeaderMap) -> Reply {
    let status = Status::now();
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or("");
    if accept.contains("text/") && !accept.contains("json") {
        return Reply::text(status.table());
    }
    Reply::json(200, &status.json())
}

/// `/status`.
pub(super) fn of_gomon() -> Reply {
    let report = stats();
    let alone: Vec<_> = report
        .listeners
        .iter()
        .filter(|listener| listener.quarantined_for.is_some())
        .map(|listener| listener.name.as_str())
        .collect();
    let state = config_state();
    let is_well = state.is_running && alone.is_empty();
    let status = if is_well { 200 } else { 503 };
    let told = json!({
        "status": if is_well { "ok" } else { "degraded" },
        "running": state.is_running,
        "enabled": state.is_enabled,
        "quarantined": alone,
        "dropped": report.dropped(),
    });
    Reply::json(status, &told)
}

/// Events that are requests of this server.
const REQUESTS: [&str; 2] = [keys::SERVER_REQUEST, keys::HANDLER_REQUEST];

struct Status {
    work: Vec<Work>,
    requests: u64,
    now: SystemTime,
    uptime: Duration,
}

impl Status {
    fn now() -> Self {
        // First the work: none of it is then younger than the time it has had.
        let work = in_flight();
        let snapshot = aggregates();
        Self {
            work,
            requests: REQUESTS.iter().map(|kind| snapshot.count(kind)).sum(),
            now: snapshot.to(),
            uptime: snapshot.lapsed(),
        }
    }

    fn json(&self) -> Value {
        let report = stats();
        let work: Vec<_> = self.work.iter().map(|work| self.unit(work)).collect();
        json!({
            "project": project(),
            "app-id": application_id(),
            "exec": execution_id().map(|id| id.to_string()),
            "pid": std::process::id(),
            "rust": gomon_core::RUST_VERSION,
            "gomon": env!("CARGO_PKG_VERSION"),
            "uptime-secs": self.uptime.as_secs_f64(),
            "current": work.len(),
            "total": self.requests,
            "events": {
                "created": report.created,
                "delivered": report.delivered(),
                "dropped": report.dropped(),
            },
            "in-flight": work,
        })
    }

    fn unit(&self, work: &Work) -> Value {
        let asked = work.label.split_once(' ');
        let asked = asked.filter(|_| REQUESTS.contains(&work.kind));
        let child = self.child_of(work);
        let told = json!({
            "id": work.id.to_string(),
            "kind": work.kind,
            "label": work.label,
            "method": asked.map(|(method, _)| method),
            "url": asked.map(|(_, url)| url),
            "route": work.details.route.as_deref(),
            "client": work.details.client.map(|client| client.to_string()),
            "age-secs": self.age(work).as_secs_f64(),
            "cpu-secs": work.busy.map(|busy| busy.as_secs_f64()),
            "doing": work.doing.as_ref().map(|doing| doing.to_string()),
            "child": child.map(|child| &child.label),
        });
        without_nulls(told)
    }

    fn age(&self, work: &Work) -> Duration {
        self.now.duration_since(work.start).unwrap_or_default()
    }

    /// The youngest unit that it has begun.
    fn child_of(&self, work: &Work) -> Option<&Work> {
        let children = self
            .work
            .iter()
            .filter(|other| other.parent == Some(work.id));
        children.max_by_key(|child| child.start)
    }

    fn table(&self) -> String {
        let mut text = format!(
            "{} ({})  pid {}  up {:.0?}  requests: {} in all\n\n{:>10}  {:<20}  {:<40}  {}\n",
            project(),
            application_id(),
            std::process::id(),
            self.uptime,
            self.requests,
            "age",
            "kind",
            "what",
            "doing",
        );
        for work in &self.work {
            let age = format!("{:.1?}", self.age(work));
            let doing = work.doing.as_ref().map(|doing| doing.to_string());
            // It cannot fail.
            let _ = writeln!(
                text,
                "{age:>10}  {:<20}  {:<40}  {}",
                work.kind,
                work.label,
                doing.unwrap_or_default(),
            );
        }
        text
    }
}

/// What is not known is not there.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let known = entries.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(known.collect())
        }
        other => other,
    }
}

fn project() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(std::path::Path::file_name);
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

//! gomon, with a listener that discards or writes lines.

use std::time::Duration;

use ::gomon::{Context, Event, EventTracker, Listener, ListenerError, Value};
use bench_kit::Arm;

use crate::work::{BURST, Workload, deliver, delivered, request, write_lines};

pub(crate) fn make(arm: &str, workload: Workload) -> Option<Arm> {
    match arm {
        "gomon" => {
            let builder = ::gomon::builder().application_id("bench");
            let guard = if workload == Workload::Json {
                builder.listener(Lines(String::new())).start()
            } else {
                builder.listener(discard).start()
            };
            std::mem::forget(guard.expect("gomon starts once a process"));
            let arm = Arm::new(BURST, move || events(workload));
            Some(arm.flush(flush).delivers(workload.events(), delivered))
        }
        "gomon_off" => {
            let started = ::gomon::builder().listener(discard).start();
            std::mem::forget(started.expect("gomon starts once a process"));
            ::gomon::disable();
            Some(Arm::new(BURST, move || events(workload)))
        }
        _ => None,
    }
}

fn events(workload: Workload) {
    let root = || EventTracker::in_context("request", Context::application());
    workload.burst(
        || {
            let root = root();
            let _child = root.child("child");
        },
        |children| {
            let root = root();
            for _ in 0..children {
                let request = request();
                let mut child = root.child("child");
                child
                    .set("http.request.method", Value::Static("GET"))
                    .set("url.path", request.path.as_str())
                    .set("http.response.status_code", 200)
                    .set("http.route", Value::Static("/users/{id}"))
                    .set("url.scheme", Value::Static("https"))
                    .set("server.address", request.host.as_str())
                    .set("user_agent.original", request.agent.as_str())
                    .set("client.address", request.client.as_str());
            }
        },
        || {
            let request = request();
            let mut root = root();
            root.set("http.request.method", Value::Static("GET"))
                .set("url.path", request.path.as_str())
                .set("http.response.status_code", 200)
                .set("http.route", Value::Static("/users/{id}"))
                .set("url.scheme", Value::Static("https"))
                .set("server.address", request.host.as_str())
                .set("user_agent.original", request.agent.as_str())
                .set("client.address", request.client.as_str())
                .set("http.request.body.size", 512)
                .set("network.protocol.version", Value::Static("1.1"));
            for _ in 0..3 {
                let mut child = root.child("query");
                child
                    .set("db.system.name", Value::Static("sqlite"))
                    .set("db.query.text", request.sql.as_str())
                    .set("db.response.returned_rows", 10)
                    .set("db.operation.name", Value::Static("SELECT"));
            }
        },
    );
}

fn flush() {
    ::gomon::flush(Duration::from_secs(10)).expect("the listener keeps up");
}

/// Whether the arm made the event: gomon's own about the process and itself do not count.
fn is_mine(event: &Event) -> bool {
    matches!(event.fp(), "request" | "child" | "query")
}

fn discard(event: &Event) {
    if is_mine(event) {
        deliver(1);
    }
}

/// Writes lines, out of a buffer that stays.
struct Lines(String);

impl Listener for Lines {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        self.0.clear();
        event.write_json(&mut self.0);
        self.0.push('\n');
        write_lines(self.0.as_bytes());
        if is_mine(event) {
            deliver(1);
        }
        Ok(())
    }
}

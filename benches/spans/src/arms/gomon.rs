//! gomon, with a listener that discards or writes lines.

use std::time::Duration;

use ::gomon::{BatchError, Event, EventTracker, Events, Listener, ListenerError, Sampling, Value};
use bench_kit::Arm;

use crate::work::{BURST, Request, Workload, deliver, delivered, request, write_lines};

pub(crate) fn make(arm: &str, workload: Workload) -> Option<Arm> {
    let builder = ::gomon::builder().application_id("bench");
    let builder = if workload == Workload::Json {
        builder.listener(Lines(String::new()))
    } else {
        builder.listener(Discard)
    };
    let (builder, burst): (_, fn(Workload)) = match arm {
        "gomon" | "gomon_off" => (builder, with_parents),
        "gomon_context" => (builder, in_context),
        "gomon_sampling" => (builder.sampling(on_merit()), with_parents),
        "gomon_head" => (builder.head_sampling(0.0), with_parents),
        _ => return None,
    };
    std::mem::forget(builder.start().expect("gomon starts once a process"));
    if arm == "gomon_off" {
        ::gomon::disable();
    }
    let arm = Arm::new(BURST, move || burst(workload)).flush(flush);
    if workload == Workload::Disabled {
        return Some(arm);
    }
    Some(arm.delivers(workload.events(), delivered))
}

/// Every trace is held until its root has ended and is asked for each merit. The ratio is below 1, where nothing would
/// have to be held, by so little that all are kept and their number is known.
const fn on_merit() -> Sampling {
    Sampling::ratio(1.0 - f64::EPSILON)
        .keep_failed()
        .keep_cancelled()
        .keep_slow()
        .keep_rare()
        .every_nth(100)
}

/// Children of a parent that is named, as in all other arms.
fn with_parents(workload: Workload) {
    let root = || EventTracker::new("request");
    workload.burst(
        || {
            let root = root();
            let _child = root.child("child");
        },
        |children| {
            let root = root();
            for _ in 0..children {
                eight(&mut root.child("child"), request());
            }
        },
        || {
            let request = request();
            let mut root = root();
            ten(&mut root, request);
            for _ in 0..3 {
                four(&mut root.child("query"), request);
            }
        },
    );
}

/// Children of what is current.
fn in_context(workload: Workload) {
    workload.burst(
        || EventTracker::new("request").enter(|| drop(EventTracker::new("child"))),
        |children| {
            EventTracker::new("request").enter(|| {
                for _ in 0..children {
                    eight(&mut EventTracker::new("child"), request());
                }
            });
        },
        || {
            let request = request();
            let mut root = EventTracker::new("request");
            ten(&mut root, request);
            root.enter(|| {
                for _ in 0..3 {
                    four(&mut EventTracker::new("query"), request);
                }
            });
        },
    );
}

#[inline(always)]
pub(super) fn eight(tracker: &mut EventTracker, request: &Request) {
    tracker
        .set("http.request.method", Value::Static("GET"))
        .set("url.path", request.path.as_str())
        .set("http.response.status_code", 200)
        .set("http.route", Value::Static("/users/{id}"))
        .set("url.scheme", Value::Static("https"))
        .set("server.address", request.host.as_str())
        .set("user_agent.original", request.agent.as_str())
        .set("client.address", request.client.as_str());
}

#[inline(always)]
fn ten(tracker: &mut EventTracker, request: &Request) {
    eight(tracker, request);
    tracker
        .set("http.request.body.size", 512)
        .set("network.protocol.version", Value::Static("1.1"));
}

#[inline(always)]
fn four(tracker: &mut EventTracker, request: &Request) {
    tracker
        .set("db.system.name", Value::Static("sqlite"))
        .set("db.query.text", request.sql.as_str())
        .set("db.response.returned_rows", 10)
        .set("db.operation.name", Value::Static("SELECT"));
}

pub(super) fn flush() {
    ::gomon::flush(Duration::from_secs(10)).expect("the listener keeps up");
}

/// Whether the arm made the event: gomon's own, about the process and itself, do not count. All of those have longer
/// names, and asking for no more is what an exporter of a peer does: nothing.
fn is_mine(event: &Event) -> bool {
    event.fp().len() < "gomon-self".len()
}

/// Counts what arrives, a batch at a time as the exporters of the peers do.
pub(super) struct Discard;

impl Listener for Discard {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        deliver(u64::from(is_mine(event)));
        Ok(())
    }

    fn feed_batch(&mut self, events: Events<'_>) -> Result<(), BatchError> {
        deliver(events.iter().filter(|event| is_mine(event)).count() as u64);
        Ok(())
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
        deliver(u64::from(is_mine(event)));
        Ok(())
    }
}

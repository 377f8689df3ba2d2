//! tracing with each of its usual subscribers, and with none.

use std::io::{self, Write};
use std::mem::forget;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use ::tracing::info_span;
use ::tracing::subscriber::set_global_default;
use bench_kit::Arm;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::Sampler;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;

use super::otel::provider;
use crate::work::{
    BURST, Workload, deliver, delivered, request, wait_for_delivery_of, write_lines,
};

pub(crate) fn make(arm: &str, workload: Workload) -> Option<Arm> {
    match arm {
        "tracing_none" => Some(Arm::new(BURST, move || spans(workload))),
        "tracing_off" => {
            let provider = provider(workload, Sampler::AlwaysOn);
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
            let filter = tracing_subscriber::EnvFilter::new("warn");
            install(tracing_subscriber::registry().with(layer).with(filter));
            forget(provider);
            Some(Arm::new(BURST, move || spans(workload)))
        }
        "tracing_otel_unsampled" => {
            let provider = provider(workload, Sampler::AlwaysOff);
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
            install(tracing_subscriber::registry().with(layer));
            forget(provider);
            Some(Arm::new(BURST, move || spans(workload)))
        }
        "tracing_otel" => Some(with_opentelemetry(workload, Extras::Default)),
        "tracing_otel_lean" => Some(with_opentelemetry(workload, Extras::None)),
        "tracing_fmt_json" => Some(with_json(workload)),
        _ => None,
    }
}

/// What tracing-opentelemetry adds to each span unless told not to: location, thread, level, target, idle time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extras {
    Default,
    None,
}

fn with_opentelemetry(workload: Workload, extras: Extras) -> Arm {
    let provider = provider(workload, Sampler::AlwaysOn);
    let mut layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    if extras == Extras::None {
        layer = layer
            .with_location(false)
            .with_tracked_inactivity(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false);
    }
    install(tracing_subscriber::registry().with(layer));
    Arm::new(BURST, move || spans(workload))
        .flush(move || provider.force_flush().expect("the exporter never fails"))
        .delivers(workload.events(), delivered)
}

/// The formatting subscriber writes a line when a span closes, through a queue that waits rather than drops.
fn with_json(workload: Workload) -> Arm {
    static SENT: AtomicU64 = AtomicU64::new(0);
    let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .lossy(false)
        .finish(Lines);
    forget(guard);
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(writer);
    install(subscriber.finish());
    let burst = move || {
        spans(workload);
        SENT.fetch_add(workload.events_of_burst(), SeqCst);
    };
    Arm::new(BURST, burst)
        .flush(|| wait_for_delivery_of(SENT.load(SeqCst)))
        .delivers(workload.events(), delivered)
}

fn install(subscriber: impl ::tracing::Subscriber + Send + Sync) {
    set_global_default(subscriber).expect("one arm a process");
}

fn spans(workload: Workload) {
    workload.burst(
        || {
            let root = info_span!("request");
            let _root = root.enter();
            let child = info_span!("child");
            let _child = child.enter();
        },
        |children| {
            let root = info_span!("request");
            let _root = root.enter();
            for _ in 0..children {
                let request = request();
                let child = info_span!(
                    "child",
                    http.request.method = "GET",
                    url.path = &*request.path,
                    http.response.status_code = 200_i64,
                    http.route = "/users/{id}",
                    url.scheme = "https",
                    server.address = &*request.host,
                    user_agent.original = &*request.agent,
                    client.address = &*request.client
                );
                let _child = child.enter();
            }
        },
        || {
            let request = request();
            let root = info_span!(
                "request",
                http.request.method = "GET",
                url.path = &*request.path,
                http.response.status_code = 200_i64,
                http.route = "/users/{id}",
                url.scheme = "https",
                server.address = &*request.host,
                user_agent.original = &*request.agent,
                client.address = &*request.client,
                http.request.body.size = 512_i64,
                network.protocol.version = "1.1"
            );
            let _root = root.enter();
            for _ in 0..3 {
                let child = info_span!(
                    "query",
                    db.system.name = "sqlite",
                    db.query.text = &*request.sql,
                    db.response.returned_rows = 10_i64,
                    db.operation.name = "SELECT"
                );
                let _child = child.enter();
            }
        },
    );
}

/// Gets one call a line.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        deliver(1);
        write_lines(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

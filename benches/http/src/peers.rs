//! The peers' layers, with sinks that discard.

use std::hint::black_box;
use std::io::{self, Write};
use std::mem::forget;
use std::time::Duration;

use axum::Router;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use fastrace::collector::{Config, Reporter, SpanRecord};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter,
};
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;
use tracing::subscriber::set_global_default;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::app::{App, Flush, deliver, delivered, requests};

pub(crate) fn app(arm: &str, router: Router) -> Option<App> {
    Some(match arm {
        "fastrace_tower" => {
            let layer = fastrace_tower::FastraceServerLayer::default();
            App::telling(router.layer(layer), fastrace())
        }
        "fastrace_axum" => {
            let layer = fastrace_axum::FastraceLayer::default();
            App::telling(router.layer(layer), fastrace())
        }
        "towerhttp_nosub" => App::silent(router.layer(trace_layer())),
        "towerhttp_otel" => {
            let flush = opentelemetry(Extras::None);
            App::telling(router.layer(trace_layer()), flush)
        }
        "towerhttp_json" => App::telling(router.layer(trace_layer()), json()),
        "axum_otel" => {
            let flush = opentelemetry(Extras::Default);
            App::telling(router.layer(OtelAxumLayer::default()), flush)
        }
        "axum_otel_lean" => {
            let flush = opentelemetry(Extras::None);
            App::telling(router.layer(OtelAxumLayer::default()), flush)
        }
        _ => return None,
    })
}

fn trace_layer() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
}

fn fastrace() -> Flush {
    fastrace::set_reporter(Discard, Config::default());
    Box::new(fastrace::flush)
}

/// What tracing-opentelemetry adds to each span unless told not to: location, thread, level, target, idle time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extras {
    Default,
    None,
}

fn opentelemetry(extras: Extras) -> Flush {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(16_384)
        .with_scheduled_delay(Duration::from_secs(1))
        .build();
    let processor = BatchSpanProcessor::builder(Discard)
        .with_batch_config(config)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    let mut layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    if extras == Extras::None {
        layer = layer
            .with_location(false)
            .with_tracked_inactivity(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false);
    }
    install(
        tracing_subscriber::registry()
            .with(layer)
            .with(LevelFilter::INFO),
    );
    Box::new(move || provider.force_flush().expect("the exporter never fails"))
}

/// One line a response, through a queue that waits rather than drops.
fn json() -> Flush {
    let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .lossy(false)
        .finish(Discard);
    forget(guard);
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(Level::INFO)
        .with_writer(writer);
    install(subscriber.finish());
    Box::new(|| {
        // The appender cannot be asked to flush.
        while delivered() < requests() {
            std::thread::sleep(Duration::from_micros(50));
        }
    })
}

fn install(subscriber: impl tracing::Subscriber + Send + Sync) {
    set_global_default(subscriber).expect("one arm a process");
}

/// Where every peer's spans or lines end.
#[derive(Debug)]
struct Discard;

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        deliver(spans.len() as u64);
        black_box(&spans);
    }
}

impl SpanExporter for Discard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        deliver(batch.len() as u64);
        black_box(&batch);
        Ok(())
    }
}

impl Write for Discard {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        deliver(1);
        black_box(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

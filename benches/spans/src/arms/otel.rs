//! The OpenTelemetry SDK with a batch processor and an exporter that discards or writes lines.

use std::hint::black_box;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bench_kit::Arm;
use opentelemetry::trace::{Span as _, SpanBuilder, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter,
};

use super::json::{Attribute, Line};
use crate::work::{
    BURST, Workload, deliver, delivered, eight_attributes, four_attributes, ten_attributes,
    write_lines,
};

pub(crate) fn make(arm: &str, workload: Workload) -> Option<Arm> {
    match arm {
        "otel_sdk" => {
            let provider = provider(workload, Sampler::AlwaysOn);
            let tracer = provider.tracer("bench");
            let arm = Arm::new(BURST, move || spans(workload, &tracer));
            let arm = arm.flush(move || provider.force_flush().expect("the exporter never fails"));
            Some(arm.delivers(workload.events(), delivered))
        }
        "otel_unsampled" => {
            let tracer = provider(workload, Sampler::AlwaysOff).tracer("bench");
            Some(Arm::new(BURST, move || spans(workload, &tracer)))
        }
        // No provider was installed: the API's own tracer that does nothing.
        "otel_noop" => Some(Arm::new(BURST, move || {
            spans(workload, &opentelemetry::global::tracer("bench"));
        })),
        _ => None,
    }
}

/// A provider whose queue holds more than a burst, and whose batches leave when it is flushed.
pub(super) fn provider(workload: Workload, sampler: Sampler) -> SdkTracerProvider {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(16_384)
        .with_scheduled_delay(Duration::from_secs(10))
        .build();
    let exporter = Exporter {
        lines: workload == Workload::Json,
    };
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build();
    SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_span_processor(processor)
        .build()
}

fn spans<T: Tracer>(workload: Workload, tracer: &T)
where
    T::Span: Send + Sync + 'static,
{
    let start = |builder, parent: &Context| tracer.build_with_context(builder, parent);
    let named = SpanBuilder::from_name;
    workload.burst(
        || {
            let root = Context::new().with_span(start(named("request"), &Context::new()));
            start(named("child"), &root).end();
            root.span().end();
        },
        |children| {
            let root = Context::new().with_span(start(named("request"), &Context::new()));
            for _ in 0..children {
                start(named("child").with_attributes(eight()), &root).end();
            }
            root.span().end();
        },
        || {
            let request = named("request").with_attributes(ten());
            let root = Context::new().with_span(start(request, &Context::new()));
            for _ in 0..3 {
                start(named("query").with_attributes(four()), &root).end();
            }
            root.span().end();
        },
    );
}

fn eight() -> Vec<KeyValue> {
    eight_attributes!(KeyValue::new, fixed, text, number).into()
}

fn ten() -> Vec<KeyValue> {
    ten_attributes!(KeyValue::new, fixed, text, number).into()
}

fn four() -> Vec<KeyValue> {
    four_attributes!(KeyValue::new, fixed, text, number).into()
}

fn fixed(text: &'static str) -> Value {
    Value::from(text)
}

fn text(text: &str) -> Value {
    Value::from(text.to_owned())
}

fn number(number: i64) -> Value {
    Value::from(number)
}

#[derive(Debug)]
struct Exporter {
    lines: bool,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if self.lines {
            let mut out = Vec::with_capacity(1024);
            for span in &batch {
                out.clear();
                write(&mut out, span);
                write_lines(&out);
            }
        }
        deliver(batch.len() as u64);
        black_box(&batch);
        Ok(())
    }
}

fn write(out: &mut Vec<u8>, span: &SpanData) {
    let (start_ns, end_ns) = (unix_ns(span.start_time), unix_ns(span.end_time));
    let line = Line {
        trace: u128::from_be_bytes(span.span_context.trace_id().to_bytes()),
        id: u64::from_be_bytes(span.span_context.span_id().to_bytes()),
        parent: u64::from_be_bytes(span.parent_span_id.to_bytes()),
        name: &span.name,
        start_ns,
        lasted_ns: end_ns.saturating_sub(start_ns),
    };
    let attributes = span.attributes.iter().map(|pair| {
        let value = match &pair.value {
            Value::I64(number) => Attribute::Number(*number),
            Value::String(text) => Attribute::Text(text.as_str()),
            _ => Attribute::Text("?"),
        };
        (pair.key.as_str(), value)
    });
    line.write(out, attributes);
}

fn unix_ns(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

//! fastrace 0.7 with a reporter that discards or writes lines.

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Duration;

use ::fastrace::collector::{Config, Reporter, SpanRecord};
use ::fastrace::prelude::{LocalSpan, Span, SpanContext};
use bench_kit::Arm;

use super::json::{Attribute, Line};
use crate::work::{
    BURST, Workload, deliver, delivered, eight_attributes, four_attributes, ten_attributes,
    write_lines,
};

pub(crate) fn make(arm: &str, workload: Workload) -> Option<Arm> {
    if !arm.starts_with("fastrace_") {
        return None;
    }
    // Long enough that only flush reports, as in the other arms.
    let config = Config::default().report_interval(Duration::from_secs(10));
    if workload == Workload::Json {
        ::fastrace::set_reporter(Lines(Vec::new()), config);
    } else {
        ::fastrace::set_reporter(Discard, config);
    }
    let silent = |burst: fn()| Some(Arm::new(BURST, burst).flush(::fastrace::flush));
    let arm = match arm {
        "fastrace_local" => Arm::new(BURST, move || local_spans(workload, SpanContext::random)),
        "fastrace_span" => Arm::new(BURST, move || {
            spans(workload, || Span::root("request", SpanContext::random()));
        }),
        "fastrace_unsampled" => {
            return silent(|| {
                local_spans(Workload::Disabled, || SpanContext::random().sampled(false));
            });
        }
        "fastrace_span_noop" => return silent(|| spans(Workload::Disabled, Span::noop)),
        "fastrace_noparent" => return silent(without_parent),
        _ => return None,
    };
    let arm = arm.flush(::fastrace::flush);
    Some(arm.delivers(workload.events(), delivered))
}

/// Thread-local spans: the cheapest way, for code that does not move between threads.
fn local_spans(workload: Workload, context: impl Fn() -> SpanContext) {
    workload.burst(
        || {
            let root = Span::root("request", context());
            let _parent = root.set_local_parent();
            let _child = LocalSpan::enter_with_local_parent("child");
        },
        |children| {
            let root = Span::root("request", context());
            let _parent = root.set_local_parent();
            for _ in 0..children {
                let _child = LocalSpan::enter_with_local_parent("child").with_properties(eight);
            }
        },
        || {
            let root = Span::root("request", context()).with_properties(ten);
            let _parent = root.set_local_parent();
            for _ in 0..3 {
                let _child = LocalSpan::enter_with_local_parent("query").with_properties(four);
            }
        },
    );
}

/// Owned spans, which may cross an await: what gomon's trackers are.
fn spans(workload: Workload, root: impl Fn() -> Span) {
    workload.burst(
        || {
            let root = root();
            let _child = Span::enter_with_parent("child", &root);
        },
        |children| {
            let root = root();
            for _ in 0..children {
                let _child = Span::enter_with_parent("child", &root).with_properties(eight);
            }
        },
        || {
            let root = root().with_properties(ten);
            for _ in 0..3 {
                let _child = Span::enter_with_parent("query", &root).with_properties(four);
            }
        },
    );
}

/// Instrumented code under a request that nobody traces.
fn without_parent() {
    for _ in 0..4 * BURST {
        let _child = LocalSpan::enter_with_local_parent("query").with_properties(four);
    }
}

type Property = (&'static str, Cow<'static, str>);

fn eight() -> [Property; 8] {
    eight_attributes!(pair, Cow::Borrowed, text, number)
}

fn ten() -> [Property; 10] {
    ten_attributes!(pair, Cow::Borrowed, text, number)
}

fn four() -> [Property; 4] {
    four_attributes!(pair, Cow::Borrowed, text, number)
}

fn pair(key: &'static str, value: Cow<'static, str>) -> Property {
    (key, value)
}

fn text(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

fn number(number: i64) -> Cow<'static, str> {
    Cow::Owned(number.to_string())
}

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        deliver(spans.len() as u64);
        black_box(&spans);
    }
}

/// Writes lines, out of a buffer that stays.
struct Lines(Vec<u8>);

impl Reporter for Lines {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        for span in &spans {
            self.0.clear();
            let line = Line {
                trace: span.trace_id.0,
                id: span.span_id.0,
                parent: span.parent_id.0,
                name: &span.name,
                start_ns: span.begin_time_unix_ns,
                lasted_ns: span.duration_ns,
            };
            let properties = span.properties.iter();
            line.write(
                &mut self.0,
                properties.map(|(key, value)| (key.as_ref(), Attribute::Text(value.as_ref()))),
            );
            write_lines(&self.0);
        }
        deliver(spans.len() as u64);
    }
}

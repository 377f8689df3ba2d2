//! Context that goes from process to process by headers.

use std::cell::RefCell;

use gomon_core::testing::Recorder;
use gomon_core::{
    B3, Baggage, Context, EventTracker, FutureExt, Propagation, TraceState, current, spawn,
    unmonitored,
};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// Headers as they came or go, in order.
#[derive(Clone, Debug, Default)]
struct Headers(RefCell<Vec<(String, Vec<u8>)>>);

impl Headers {
    fn of(headers: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.as_bytes().to_vec());
        Self(RefCell::new(headers.iter().map(owned).collect()))
    }

    fn extract(&self, propagation: Propagation) -> Context {
        propagation.extract(|name, each| {
            assert_eq!(name, name.to_lowercase());
            for (other, value) in self.0.borrow().iter() {
                if other.eq_ignore_ascii_case(name) {
                    each(value);
                }
            }
        })
    }

    fn inject(&self, propagation: Propagation, context: Context) {
        propagation.inject(context, |name, value| {
            let mut headers = self.0.borrow_mut();
            headers.retain(|(other, _)| other != name);
            headers.extend(value.map(|value| (name.to_owned(), value.as_bytes().to_vec())));
        });
    }

    fn get(&self, name: &str) -> Option<String> {
        let headers = self.0.borrow();
        let (_, value) = headers.iter().find(|(other, _)| other == name)?;
        Some(String::from_utf8(value.clone()).unwrap())
    }
}

fn sent(propagation: Propagation, context: Context) -> Headers {
    let headers = Headers::default();
    headers.inject(propagation, context);
    headers
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{SPAN}-{flags}")
}

#[test]
fn all_vectors_of_elastic_agree_on_what_is_a_traceparent() {
    let _running = Recorder::new();
    let vectors = include_str!("../vectors/w3c_distributed_tracing.json");
    let vectors: Vec<serde_json::Value> = serde_json::from_str(vectors).unwrap();
    assert_eq!(vectors.len(), 82);
    for vector in vectors {
        let pairs = vector["headers"].as_array().unwrap().iter();
        let pairs: Vec<_> = pairs
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        let context = Headers::of(&pairs).extract(Propagation::new());
        let valid = vector["is_traceparent_valid"].as_bool().unwrap();
        assert_eq!(!context.is_application(), valid, "{vector}");
        if valid {
            let header = pairs
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("traceparent"));
            let trace = context.trace_id().unwrap().to_string();
            assert_eq!(header.unwrap().1.get(3..35), Some(trace.as_str()));
        }
    }
}

#[test]
fn what_came_goes_on_from_every_event_below() {
    let recorder = Recorder::new();
    let came = Headers::of(&[
        ("traceparent", &traceparent("01")),
        ("tracestate", "congo=1"),
        ("TraceState", "rojo=2"),
        ("baggage", "tenant=a%20b;secret"),
        ("baggage", "tier=1"),
    ]);
    let goes = recorder.run(|| {
        let caller = came.extract(Propagation::new());
        let mut request = EventTracker::in_context("request", caller);
        request.enter(|| {
            let baggage = current().baggage();
            assert_eq!(baggage.get("tenant").as_deref(), Some("a b"));
            assert_eq!(current().tracestate().get("rojo"), Some("2"));
            let call = EventTracker::new("call");
            sent(Propagation::new(), call.context())
        })
    });
    let (request, call) = (recorder.one("request"), recorder.one("call"));
    assert_eq!(request["gomon:trace"], TRACE);
    assert!(call.is_child_of(&request));
    let id = call["id"].as_str().unwrap().replace('-', "");
    let expected = format!("00-{TRACE}-{}-01", &id[16..]);
    assert_eq!(goes.get("traceparent"), Some(expected));
    assert_eq!(goes.get("tracestate").as_deref(), Some("congo=1,rojo=2"));
    assert_eq!(
        goes.get("baggage").as_deref(),
        Some("tenant=a%20b;secret,tier=1")
    );
}

#[test]
fn a_tracestate_without_its_traceparent_goes_nowhere_but_baggage_does() {
    let recorder = Recorder::new();
    let came = Headers::of(&[("tracestate", "congo=1"), ("baggage", "tier=1")]);
    let goes = recorder.run(|| {
        let caller = came.extract(Propagation::new());
        assert!(caller.is_application());
        let request = EventTracker::in_context("request", caller);
        sent(Propagation::new(), request.context())
    });
    assert_eq!(goes.get("tracestate"), None);
    assert_eq!(goes.get("baggage").as_deref(), Some("tier=1"));
    assert!(goes.get("traceparent").unwrap().ends_with("-03"));
}

#[test]
fn headers_of_a_trace_that_was_left_are_replaced() {
    let recorder = Recorder::new();
    let headers = Headers::of(&[
        ("traceparent", &traceparent("01")),
        ("tracestate", "stale=1"),
        ("baggage", "by=hand"),
        ("other", "stays"),
    ]);
    recorder.run(|| headers.inject(Propagation::new(), EventTracker::new("call").context()));
    assert!(!headers.get("traceparent").unwrap().contains(TRACE));
    assert_eq!(headers.get("tracestate"), None);
    assert_eq!(headers.get("baggage").as_deref(), Some("by=hand"));
    assert_eq!(headers.get("other").as_deref(), Some("stays"));
}

#[test]
fn the_application_sends_no_parent() {
    let _running = Recorder::new();
    let headers = Headers::of(&[("traceparent", "stays"), ("tracestate", "stays")]);
    headers.inject(Propagation::new().b3(B3::Multi), Context::application());
    assert_eq!(headers.get("traceparent").as_deref(), Some("stays"));
    assert_eq!(headers.get("tracestate").as_deref(), Some("stays"));
    assert_eq!(headers.get("x-b3-traceid"), None);
}

#[test]
fn strangers_may_be_ignored_and_baggage_left_out() {
    let _running = Recorder::new();
    let came = Headers::of(&[("traceparent", &traceparent("01")), ("baggage", "tier=1")]);
    let ignored = came.extract(Propagation::new().ignore_callers());
    assert!(ignored.is_application() && ignored.baggage().is_empty());
    let without = came.extract(Propagation::new().without_baggage());
    assert!(!without.is_application() && without.baggage().is_empty());
    let goes = sent(
        Propagation::new().without_baggage(),
        came.extract(Propagation::new()),
    );
    assert_eq!(goes.get("baggage"), None);
}

#[test]
fn strangers_may_be_sent_nothing() {
    let _running = Recorder::new();
    let came = Headers::of(&[("traceparent", &traceparent("01")), ("baggage", "tier=1")]);
    let context = came.extract(Propagation::new().send_nothing());
    assert_eq!(context.baggage().get("tier").as_deref(), Some("1"));
    let goes = sent(Propagation::new().b3(B3::Multi).send_nothing(), context);
    assert!(goes.0.borrow().is_empty(), "{goes:?}");
}

#[test]
fn nothing_is_taken_where_nothing_is_monitored() {
    let _running = Recorder::new();
    let came = Headers::of(&[("traceparent", &traceparent("01")), ("baggage", "tier=1")]);
    let context = unmonitored(|| came.extract(Propagation::new()));
    assert_eq!(context, Context::unmonitored());
}

#[test]
fn b3_is_read_and_sent_only_when_asked_for() {
    let recorder = Recorder::new();
    let single = Headers::of(&[("b3", &format!("{TRACE}-{SPAN}-1"))]);
    let multi = Headers::of(&[
        ("X-B3-TraceId", TRACE),
        ("X-B3-SpanId", SPAN),
        ("X-B3-Sampled", "1"),
    ]);
    for came in [single, multi] {
        assert!(came.extract(Propagation::new()).is_application());
        for form in [B3::Single, B3::Multi] {
            let caller = came.extract(Propagation::new().b3(form));
            assert_eq!(caller.trace_id().unwrap().to_string(), TRACE);
            assert_eq!(caller.span_id().unwrap().to_string(), SPAN);
        }
    }
    recorder.run(|| {
        let context = EventTracker::new("call").context();
        let span = context.span_id().unwrap().to_string();
        let trace = context.trace_id().unwrap().to_string();
        let goes = sent(Propagation::new().b3(B3::Single), context);
        assert_eq!(goes.get("b3"), Some(format!("{trace}-{span}-1")));
        assert!(goes.get("traceparent").is_some());
        let goes = sent(Propagation::new().b3(B3::Multi), context);
        assert_eq!(goes.get("x-b3-traceid"), Some(trace));
        assert_eq!(goes.get("x-b3-spanid"), Some(span));
        assert_eq!(goes.get("x-b3-sampled").as_deref(), Some("1"));
        assert_eq!(goes.get("b3"), None);
    });
}

#[test]
fn a_traceparent_counts_before_b3() {
    let _running = Recorder::new();
    let other = "80f198ee56343ba864fe8b2a57d3eff7";
    let came = Headers::of(&[
        ("b3", &format!("{other}-{SPAN}-1")),
        ("traceparent", &traceparent("01")),
    ]);
    let caller = came.extract(Propagation::new().b3(B3::Single));
    assert_eq!(caller.trace_id().unwrap().to_string(), TRACE);
}

#[tokio::test]
async fn baggage_that_is_added_goes_along_with_tasks_and_events() {
    let recorder = Recorder::new();
    let mut baggage = Baggage::new();
    baggage.insert("tenant", "blue").unwrap();
    let seen = recorder.scope(async {
        let context = current().with_baggage(baggage);
        let task = context
            .enter(|| spawn(async { EventTracker::new("job").enter(|| current().baggage()) }));
        assert!(current().baggage().is_empty(), "only inside");
        task.await.unwrap()
    });
    assert_eq!(seen.await.get("tenant").as_deref(), Some("blue"));
}

#[tokio::test]
async fn baggage_of_the_application_stays_with_a_future_that_is_polled_elsewhere() {
    let recorder = Recorder::new();
    let mut baggage = Baggage::new();
    baggage.insert("tenant", "blue").unwrap();
    let job = Context::application()
        .with_baggage(baggage)
        .enter(|| async { current().baggage() }.monitored("job"));
    let seen = recorder.scope(job).await;
    assert_eq!(seen.get("tenant").as_deref(), Some("blue"));
    assert_eq!(recorder.find("job").len(), 1);
}

#[test]
fn a_tracestate_of_our_own_comes_first_and_keeps_the_baggage() {
    let recorder = Recorder::new();
    let came = Headers::of(&[
        ("traceparent", &traceparent("01")),
        ("tracestate", "congo=1"),
        ("baggage", "tier=1"),
    ]);
    let goes = recorder.run(|| {
        let caller = came.extract(Propagation::new());
        let mut state: TraceState = caller.tracestate();
        state.insert("shop", "7").unwrap();
        sent(Propagation::new(), caller.with_tracestate(state))
    });
    assert_eq!(goes.get("tracestate").as_deref(), Some("shop=7,congo=1"));
    assert_eq!(goes.get("baggage").as_deref(), Some("tier=1"));
}

#[test]
fn the_process_wide_setting_is_the_default_until_it_is_changed() {
    assert_eq!(gomon_core::propagation(), Propagation::new());
}

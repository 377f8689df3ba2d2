//! What a caller in another process says of sampling, and what the next one is told.

use std::sync::{Arc, Mutex};

use gomon_core::{Context, Event, EventTracker, Propagation};

use crate::support::{builder, turn};

/// The context of a caller that records its part of the trace.
fn caller(propagation: Propagation) -> Context {
    caller_with_flags(propagation, "01")
}

fn caller_with_flags(propagation: Propagation, flags: &str) -> Context {
    let traceparent = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
    propagation.extract(|name, each| match name {
        "traceparent" => each(traceparent.as_bytes()),
        "baggage" => each(b"tenant=blue"),
        _ => {}
    })
}

#[test]
fn the_first_event_of_a_trace_knows_whether_a_trusted_caller_records_it() {
    let _turn = turn();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let gomon = builder()
        .listener(move |event: &Event| {
            sink.lock()
                .unwrap()
                .push((event.fp(), event.is_caller_sampled()));
        })
        .start()
        .unwrap();
    let propagation = Propagation::new();
    EventTracker::in_context("stranger", caller(propagation)).finish();
    let silent = caller_with_flags(propagation.trust_sampling(), "02");
    EventTracker::in_context("silent", silent).finish();
    EventTracker::in_context("trusted", caller(propagation.trust_sampling()))
        .enter(|| EventTracker::new("inside").finish());
    let _ = gomon.shutdown();
    let seen = seen.lock().unwrap();
    for expected in [
        ("stranger", false),
        ("silent", false),
        ("trusted", true),
        ("inside", false),
    ] {
        assert!(seen.contains(&expected), "{expected:?}: {seen:?}");
    }
}

#[test]
fn no_header_is_read_while_gomon_is_off() {
    let _turn = turn();
    assert!(caller(Propagation::new()).is_application());
    let gomon = builder().start().unwrap();
    assert!(!caller(Propagation::new()).is_application());
    gomon_core::disable();
    assert!(caller(Propagation::new()).is_application());
    assert!(caller(Propagation::new()).baggage().is_empty());
    gomon_core::enable();
    let _ = gomon.shutdown();
}

#[test]
fn a_program_sets_its_headers_where_it_starts() {
    let _turn = turn();
    let ignoring = Propagation::new().ignore_callers();
    let gomon = builder().propagation(ignoring).start().unwrap();
    assert_eq!(gomon_core::propagation(), ignoring);
    assert!(caller(gomon_core::propagation()).is_application());
    let config = r#"{"propagation": {"callers": "trusted"}}"#;
    gomon_core::set_config(serde_json::from_str(config).unwrap()).unwrap();
    assert!(!caller(gomon_core::propagation()).is_application());
    let _ = gomon.shutdown();
}

#[test]
fn a_trace_that_is_sampled_out_goes_on_and_says_so() {
    let _turn = turn();
    let gomon = builder().head_sampling(0.0).start().unwrap();
    let goes_on = |parent: Context| {
        let mut request = EventTracker::in_context("request", parent);
        request.enter(|| {
            let call = EventTracker::new("call");
            let (context, baggage) = (call.context(), call.context().baggage());
            assert_eq!(baggage.is_empty(), parent.is_application());
            context.traceparent().unwrap()
        })
    };
    let foreign = goes_on(caller(Propagation::new()));
    let own = goes_on(Context::application());
    let _ = gomon.shutdown();
    assert!(
        foreign
            .as_str()
            .starts_with("00-0af7651916cd43dd8448eb211c80319c-")
    );
    assert!(foreign.as_str().ends_with("-00"), "{foreign}");
    assert!(
        own.as_str().ends_with("-02"),
        "random, but not recorded: {own}"
    );
}

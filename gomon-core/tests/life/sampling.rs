//! Sampling on the bus, by what reaches a listener.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Waker};

use gomon_core::{
    Context, DropReason, Event, EventTracker, FutureExt, Outcome, Propagation, Sampling, builder,
    stats,
};

use crate::support::{DEADLINE, Sink, account, assert_ledger, turn};

fn request(fails: bool) {
    let mut root = EventTracker::in_context("request", Context::application());
    let child = root.child("query");
    child.child("row").finish();
    child.finish();
    if fails {
        root.mark(Outcome::Failed);
    }
    root.finish();
}

#[test]
fn traces_are_kept_whole_or_not_at_all_and_the_rest_is_counted() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .sampling(Sampling::ratio(0.25).keep_failed())
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    for number in 0..1000 {
        request(number % 100 == 0);
    }
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let listener = account(&report, "sink");
    let (_, sampled_out) = listener.dropped[0];
    assert_eq!(listener.dropped[0].0, DropReason::SampledOut);
    assert_eq!(listener.created, 3001);
    let kept = listener.delivered - 1;
    assert_eq!(kept + sampled_out, 3000);
    assert_eq!(kept % 3, 0);
    assert!((30 + 3 * 150..30 + 3 * 350).contains(&kept), "{kept}");
    drop(gomon);
}

#[test]
fn a_flush_decides_on_traces_that_are_still_open() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .sampling(Sampling::ratio(0.5))
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    let roots: Vec<_> = (0..100).map(|_| EventTracker::new("request")).collect();
    roots.iter().for_each(|root| root.child("query").finish());
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let listener = account(&report, "sink");
    assert_eq!((listener.created, listener.pending), (101, 0));
    assert_eq!(listener.delivered, sink.unique() as u64);
    // What comes later follows.
    drop(roots);
    let report = gomon.shutdown();
    assert_ledger(&report);
    let queries = sink.fps().iter().filter(|fp| *fp == "query").count();
    let requests = sink.fps().iter().filter(|fp| *fp == "request").count();
    assert_eq!(queries, requests);
}

#[test]
fn weights_of_a_million_events_are_unbiased() {
    const EVENTS: u32 = 1_000_000;
    let _turn = turn();
    let sum = Arc::new(Mutex::new(0.0));
    let weights = Arc::clone(&sum);
    let gomon = builder()
        .sampling(Sampling::ratio(0.3))
        .listener(move |event: &Event| *weights.lock().unwrap() += event.weight().unwrap_or(0.0))
        .start()
        .unwrap();
    for number in 1..=EVENTS {
        EventTracker::new("work").finish();
        // Never more than the queues hold.
        if number % 2_000 == 0 {
            gomon_core::flush(DEADLINE).unwrap();
        }
    }
    let sum = *sum.lock().unwrap();
    // Nearly seven standard deviations.
    assert!((sum / f64::from(EVENTS) - 1.0).abs() < 0.01, "{sum}");
    drop(gomon);
}

#[test]
fn a_trace_that_is_sampled_out_at_its_head_is_counted_with_all_its_events() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .head_sampling(0.0)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    for _ in 0..10 {
        request(true);
        let mut root = EventTracker::new("entered");
        assert!(!root.is_recording());
        let header = root.context().traceparent().unwrap();
        assert!(header.as_str().ends_with("-02"));
        root.enter(|| EventTracker::new("inside").finish());
    }
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let listener = account(&report, "sink");
    assert_eq!(listener.dropped, [(DropReason::SampledOut, 50)]);
    assert_eq!((listener.created, listener.delivered), (51, 1));
    // What lives long and says so is recorded all the same, and so is what happens in it.
    let mut long = EventTracker::new("listening");
    long.send_opening();
    long.child("accept").finish();
    long.finish();
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(sink.unique(), 4);
    drop(gomon);
}

#[test]
fn sampling_at_the_head_and_on_the_bus_keep_the_same_traces() {
    const EVENTS: u32 = 20_000;
    for (head, bus, weight) in [(0.5, 0.3, 1.0 / 0.3), (0.25, 1.0, 4.0)] {
        let _turn = turn();
        let sink = Sink::default();
        let gomon = builder()
            .head_sampling(head)
            .sampling(Sampling::ratio(bus))
            .listener(sink.listener())
            .start()
            .unwrap();
        for number in 1..=EVENTS {
            EventTracker::new("work").finish();
            // Never more than the queues hold.
            if number % 2_000 == 0 {
                gomon_core::flush(DEADLINE).unwrap();
            }
        }
        drop(gomon);
        let mut events = sink.events();
        events.retain(|event| event["gomon:fp"] == "work");
        let near = |event: &serde_json::Value| {
            (event["gomon:weight"].as_f64().unwrap() - weight).abs() < 1e-9
        };
        assert!(events.iter().all(near));
        let estimate = events.len() as f64 * weight;
        // Five standard deviations.
        assert!(
            (estimate / f64::from(EVENTS) - 1.0).abs() < 0.065,
            "{estimate}"
        );
    }
}

#[test]
fn what_happens_in_something_opened_stands_for_itself_alone() {
    const ROOTS: u32 = 200;
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .head_sampling(0.5)
        .listener(sink.listener())
        .start()
        .unwrap();
    for _ in 0..ROOTS {
        let mut root = EventTracker::new("listening");
        root.child("before").finish();
        root.send_opening();
        let accept = root.child("accept");
        accept.child("read").finish();
        accept.finish();
        root.finish();
    }
    drop(gomon);
    let weights = |fp: &str| {
        let mut events = sink.events();
        events.retain(|event| event["gomon:fp"] == fp);
        let weights = events.iter().map(|event| event["gomon:weight"].as_f64());
        weights.collect::<Vec<_>>()
    };
    for fp in ["accept", "read"] {
        assert_eq!(weights(fp), vec![Some(1.0); ROOTS as usize], "{fp}");
    }
    assert_eq!(weights("listening"), vec![None; 2 * ROOTS as usize]);
    // What happened before it was opened is sampled like everything else.
    let before = weights("before");
    assert!((40..160).contains(&before.len()), "{}", before.len());
    assert!(before.iter().all(|weight| *weight == Some(2.0)));
}

#[test]
fn what_is_opened_after_it_was_sampled_out_lasts_from_then_on_and_keeps_what_was_set() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .head_sampling(0.0)
        .listener(sink.listener())
        .start()
        .unwrap();
    let mut root = EventTracker::new("listening");
    root.set("laddr", "[::1]:80");
    assert!(!root.is_recording() && root.elapsed().is_zero());
    root.send_opening();
    assert!(root.is_recording());
    root.finish();
    drop(gomon);
    let mut events = sink.events();
    let (first, last) = (events.remove(0), events.pop().unwrap());
    assert_eq!(last["gomon:fp"], "application-end");
    events.retain(|event| event["gomon:fp"] == "listening");
    assert_eq!(events.len(), 2);
    for event in &events {
        let start = event["gomon:start"].as_u64().unwrap();
        assert!(first["gomon:start"].as_u64().unwrap() <= start);
        assert_eq!(
            (&event["laddr"], &event["children"]),
            (&"[::1]:80".into(), &serde_json::Value::Null)
        );
    }
    assert_eq!(last["dropped"], 0);
}

#[test]
fn what_is_recorded_and_what_is_not_are_not_embedded_in_each_other() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .head_sampling(0.0)
        .listener(sink.listener())
        .start()
        .unwrap();
    let mut opened = EventTracker::new("opened");
    opened.send_opening();
    let mut sampled_out = EventTracker::new("sampled-out");
    sampled_out.embed(opened.child("recorded"));
    opened.embed(sampled_out);
    opened.finish();
    drop(gomon);
    let events = sink.events();
    let of = |fp: &str| {
        let all = events.iter().filter(|event| event["gomon:fp"] == fp);
        all.collect::<Vec<_>>()
    };
    // Where there is no room for it, a detail is sent alone.
    assert_eq!(of("recorded").len(), 1);
    let opened = of("opened");
    assert_eq!(opened.len(), 2);
    assert!(opened.iter().all(|event| event.get("children").is_none()));
    assert_eq!(of("application-end")[0]["dropped"], 1);
}

#[test]
fn ids_of_traces_that_are_sampled_out_have_the_time_in_them() {
    let _turn = turn();
    let gomon = builder().head_sampling(0.0).start().unwrap();
    let root = EventTracker::new("root");
    let id = root.context().trace_id().unwrap().to_u128();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    assert!((id >> 80).abs_diff(now) < 60_000, "{id:x}");
    drop((root, gomon));
}

#[test]
fn what_is_abandoned_is_sampled_as_what_it_is() {
    let _turn = turn();
    let ends = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&ends);
    let gomon = builder()
        .sampling(Sampling::ratio(0.0).keep_caller_sampled())
        .propagation(Propagation::new().trust_sampling())
        .listener(move |event: &Event| {
            if event.outcome() == Some(Outcome::Abandoned) {
                let end = (event.fp().to_owned(), event.is_local_root());
                sink.lock().unwrap().push(end);
            }
        })
        .start()
        .unwrap();
    let mut opened = EventTracker::new("opened");
    opened.send_opening();
    let mut registered = EventTracker::new("registered");
    registered.register("and opened later");
    registered.send_opening();
    let mut plain = EventTracker::new("plain");
    plain.register("sampled away");
    let mut child = opened.child("child");
    child.register("opened, and no root");
    child.send_opening();
    let caller = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let parent = Propagation::new().trust_sampling().extract(|name, each| {
        if name == "traceparent" {
            each(caller);
        }
    });
    let mut called = EventTracker::in_context("called", parent);
    called.register("the caller records it");
    drop(gomon);
    let mut ends = ends.lock().unwrap().clone();
    ends.sort();
    let expected = [
        ("called", true),
        ("child", false),
        ("opened", true),
        ("registered", true),
    ];
    assert_eq!(ends, expected.map(|(fp, root)| (fp.to_owned(), root)));
}

#[test]
fn a_future_made_where_nothing_is_recorded_is_left_out_wherever_it_is_polled() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .head_sampling(0.0)
        .listener(sink.listener())
        .start()
        .unwrap();
    // It has a child that has no ids, and a root in which everything is recorded.
    let left_out = EventTracker::new("left out").child("of it");
    let nowhere = left_out.context();
    assert!(nowhere.event_id().is_none() && !nowhere.is_application());
    assert!(!Context::unmonitored().is_application());
    let mut root = EventTracker::new("root");
    root.send_opening();
    for made_in in [nowhere, Context::unmonitored()] {
        let future = made_in.enter(|| async {}.monitored("job"));
        let polled =
            root.enter(|| pin!(future).poll(&mut task::Context::from_waker(Waker::noop())));
        assert!(polled.is_ready());
    }
    drop((root, left_out));
    drop(gomon);
    assert!(!sink.fps().contains(&"job".to_owned()), "{:?}", sink.fps());
}

#[test]
fn attributes_reach_an_open_event_from_another_thread() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..500u64 {
                    let tracker = EventTracker::new("work");
                    let context = tracker.context();
                    std::thread::scope(|inner| {
                        inner.spawn(move || context.set("number", number));
                    });
                    tracker.finish();
                }
            });
        }
    });
    gomon_core::flush(DEADLINE).unwrap();
    let events = sink.events();
    let with = events.iter().filter(|event| event["number"].is_u64());
    assert_eq!(with.count(), 2000);
    assert_ledger(&stats());
    assert_eq!(account(&stats(), "sink").created, 2001);
    drop(gomon);
}

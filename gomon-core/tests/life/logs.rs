//! Logs and the process: no feedback, and bounds that the ledger knows.

use std::sync::atomic::{AtomicU64, Ordering};

use gomon_core::logs::{GomonDrain, GomonLayer, GomonLogger};
use gomon_core::mask::NameMask;
use gomon_core::{Capture, DropReason, Event, EventTracker, set_capture, stats};
use log::{LevelFilter, Log, Metadata, Record, info};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{DEADLINE, Sink, account, assert_ledger, builder, turn};

#[test]
fn a_listener_that_logs_each_event_by_every_logger_is_not_fed_by_its_own_lines() {
    static BEHIND: AtomicU64 = AtomicU64::new(0);
    struct Counting;
    impl Log for Counting {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &Record<'_>) {
            BEHIND.fetch_add(1, Ordering::Relaxed);
        }
        fn flush(&self) {}
    }
    let _turn = turn();
    log::set_max_level(LevelFilter::Trace);
    let logger = GomonLogger::new().then(Counting);
    let slog = slog::Logger::root(GomonDrain::new(slog::Discard), slog::o!());
    let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(GomonLayer::new()));
    let gomon = builder()
        .listener(move |event: &Event| {
            info!(logger: logger, "fed {}", event.fp());
            slog::info!(slog, "fed {}", event.fp());
            tracing::dispatcher::with_default(&subscriber, || {
                let feeding = || tracing::error!("fed {}", event.fp());
                tracing::info_span!("feeding").in_scope(feeding);
            });
        })
        .start()
        .unwrap();
    for _ in 0..10 {
        EventTracker::new("request").finish();
    }
    gomon_core::flush(DEADLINE).unwrap();
    gomon_core::flush(DEADLINE).unwrap();
    let report = gomon.shutdown();
    // And the application, gomon-self, application-end.
    assert_eq!(report.created, 13);
    assert_eq!(BEHIND.load(Ordering::Relaxed), 13);
}

#[test]
fn lines_past_what_a_second_may_bring_are_dropped_and_counted() {
    let _turn = turn();
    log::set_max_level(LevelFilter::Trace);
    let sink = Sink::default();
    let logger = GomonLogger::new().max_per_second(100);
    let gomon = builder()
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    for number in 0..1000 {
        info!(logger: logger, "storm {number}");
    }
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let listener = account(&report, "sink");
    let kept = sink.fps().iter().filter(|fp| *fp == "log").count() as u64;
    // A slow machine takes more than the moment of a burst.
    assert!((100..1000).contains(&kept), "{kept}");
    assert_eq!(listener.dropped, [(DropReason::Filtered, 1000 - kept)]);
    assert_eq!(listener.created, 1001);
    drop(gomon);
}

#[test]
fn while_gomon_is_off_no_line_is_asked_for() {
    let _turn = turn();
    let logger = GomonLogger::new();
    assert!(!logger.enabled(&Metadata::builder().level(log::Level::Error).build()));
}

#[test]
fn another_mask_holds_from_the_next_span_on() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(GomonLayer::new());
    tracing::subscriber::with_default(subscriber, || {
        let spans = || tracing::info_span!("login", user = "ada", password = "123").in_scope(|| {});
        spans();
        set_capture(Capture::safe().with_mask(NameMask::new(["user"])));
        spans();
        set_capture(Capture::safe());
    });
    gomon_core::flush(DEADLINE).unwrap();
    let events = sink.events();
    let taken = |at: usize| (events[at]["user"].clone(), events[at]["password"].clone());
    assert_eq!(taken(1), ("ada".into(), "[redacted]".into()));
    assert_eq!(taken(2), ("[redacted]".into(), "123".into()));
    drop(gomon);
}

#[test]
fn spans_and_lines_of_a_trace_that_is_sampled_out_are_counted_and_nothing_more() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .head_sampling(0.0)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(GomonLayer::new());
    tracing::subscriber::with_default(subscriber, || {
        let root = tracing::info_span!("root", rows = 3);
        let child = root.in_scope(|| tracing::info_span!("child"));
        child.in_scope(|| tracing::error!("said"));
        child.in_scope(|| EventTracker::new("query").finish());
    });
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let listener = account(&report, "sink");
    assert_eq!(listener.dropped, [(DropReason::SampledOut, 4)]);
    assert_eq!(sink.fps(), ["application"]);
    drop(gomon);
}

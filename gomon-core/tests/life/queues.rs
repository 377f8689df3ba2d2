//! A queue for each listener, bounded by its options.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use gomon_core::{
    BatchError, DropReason, Event, EventTracker, Events, Listener, ListenerError, ListenerOptions,
    OnFull, stats,
};

use crate::support::{DEADLINE, Load, Sink, account, assert_ledger, builder, turn, until};

#[test]
fn each_listener_loses_by_its_own_policy_and_bounds() {
    let _turn = turn();
    let (newest, oldest, all) = (Sink::default(), Sink::default(), Sink::default());
    let (release, released) = sync_channel::<()>(0);
    let released = std::sync::Arc::new(std::sync::Mutex::new(released));
    let held = |sink: &Sink| {
        let (released, mut feed) = (std::sync::Arc::clone(&released), sink.listener());
        move |event: &Event| {
            if event.fp() == "hold" {
                let _ = released.lock().unwrap().recv();
            }
            feed(event);
        }
    };
    let small = ListenerOptions::new()
        .max_events(10)
        .stuck_after(Duration::MAX);
    let gomon = builder()
        .listener_with(small.clone().name("newest"), held(&newest))
        .listener_with(
            small.name("oldest").on_full(OnFull::DropOldest),
            held(&oldest),
        )
        .named_listener("all", all.listener())
        .start()
        .unwrap();
    EventTracker::new("hold").finish();
    all.wait_for(2);
    // One batch each: the bus passes on what it finds.
    for (number, fp) in ["a", "b", "c", "d"].into_iter().enumerate() {
        (0..4).for_each(|_| EventTracker::new(fp).finish());
        all.wait_for(2 + (number + 1) * 4);
    }
    drop(release);
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let kept = |sink: &Sink| sink.fps()[2..].join("");
    assert!(kept(&newest).starts_with("aaaa") && !kept(&newest).contains('d'));
    assert!(kept(&oldest).ends_with("dddd") && !kept(&oldest).contains('a'));
    for name in ["newest", "oldest"] {
        let account = account(&report, name);
        assert!(account.dropped_for(DropReason::QueueFull) >= 8);
        assert_eq!(account.total_dropped() + account.delivered, 18);
        assert!(account.queue_high_water <= 10);
    }
    assert_eq!(account(&report, "all").total_dropped(), 0);
    drop(gomon);
}

#[test]
fn what_comes_in_quick_succession_is_all_fed_without_a_flush() {
    let _turn = turn();
    let _gomon = builder()
        .named_listener("all", |_: &Event| {})
        .start()
        .unwrap();
    for _ in 0..20 {
        // More than half a ring: the bus comes at once, twice, and need not tell the listener the second time.
        (0..2).for_each(|_| {
            (0..2200).for_each(|_| EventTracker::new("work").finish());
            std::thread::sleep(Duration::from_millis(1));
        });
        until(|| account(&stats(), "all").pending == 0);
    }
}

#[test]
fn a_listener_says_itself_why_it_did_not_take_an_event() {
    struct Strict;
    impl Listener for Strict {
        fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
            let reason = match event.fp() {
                "old" => DropReason::Expired,
                "large" => DropReason::Oversize,
                "odd" => return Err("odd".into()),
                _ => return Ok(()),
            };
            Err(ListenerError::new("no").because(reason))
        }
    }
    struct Collector;
    impl Listener for Collector {
        fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
            Ok(())
        }
        fn feed_batch(&mut self, _: Events<'_>) -> Result<(), BatchError> {
            let cause = ListenerError::new("status 400").because(DropReason::Rejected);
            Err(BatchError {
                delivered: 0,
                cause,
            })
        }
    }
    let _turn = turn();
    let gomon = builder()
        .listener(Strict)
        .listener(Collector)
        .start()
        .unwrap();
    for fp in ["old", "work", "large", "old", "odd"] {
        EventTracker::new(fp).finish();
    }
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let expected = [
        (DropReason::Oversize, 1),
        (DropReason::ListenerError, 1),
        (DropReason::Expired, 2),
    ];
    assert_eq!(account(&report, "Strict").dropped, expected);
    let expected = [(DropReason::Rejected, 6)];
    assert_eq!(account(&report, "Collector").dropped, expected);
    drop(gomon);
}

#[test]
fn ten_thousand_listeners_come_and_go_under_load_and_nobody_else_loses_by_it() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    let load = Load::default();
    let recorded = std::thread::scope(|scope| {
        let end = load.ends_on_drop();
        let recorder = scope.spawn(|| {
            let mut recorded = 0;
            while load.goes_on() {
                (0..20).for_each(|_| EventTracker::new("work").finish());
                recorded += 20;
                gomon_core::flush(DEADLINE).unwrap();
            }
            recorded
        });
        for n in 0..10_000 {
            let id = gomon_core::add_listener(|_: &Event| ()).unwrap();
            // Some see events first, some are removed while they are fed.
            if n % 100 == 0 {
                let _ = gomon_core::flush(DEADLINE);
            }
            assert!(gomon_core::remove_listener(id));
        }
        drop(end);
        recorder.join().unwrap()
    });
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!(report.created, recorded + 3);
    assert_eq!(sink.unique() as u64, recorded + 3);
    assert_eq!(report.listeners.len(), 1);
}

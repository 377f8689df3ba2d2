use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gomon_core::{
    BatchError, DropReason, Error, Event, EventTracker, Events, Listener, ListenerError,
    ListenerOptions, Retransmitter, SharedEvents, add_listener, remove_listener, stats,
};

use crate::support::{DEADLINE, Sink, account, assert_ledger, builder, turn};

#[test]
fn a_listener_that_is_added_late_sees_the_application_event_first() {
    let _turn = turn();
    let gomon = builder().start().unwrap();
    EventTracker::new("before").finish();
    gomon_core::flush(DEADLINE).unwrap();
    let sink = Sink::default();
    add_listener(sink.listener()).unwrap();
    EventTracker::new("after").finish();
    let report = gomon.shutdown();
    assert_eq!(
        sink.fps(),
        ["application", "after", "gomon-self", "application-end"]
    );
    assert_eq!(report.listeners[0].created, 4);
    assert_ledger(&report);
}

#[test]
fn a_removed_listener_gets_nothing_more_and_the_others_go_on() {
    let _turn = turn();
    let (gone, stays) = (Sink::default(), Sink::default());
    let gomon = builder().listener(stays.listener()).start().unwrap();
    let id = add_listener(gone.listener()).unwrap();
    EventTracker::new("one").finish();
    gomon_core::flush(DEADLINE).unwrap();
    assert!(remove_listener(id) && !remove_listener(id));
    EventTracker::new("two").finish();
    drop(gomon);
    assert_eq!(gone.fps(), ["application", "one"]);
    assert_eq!(stays.fps().len(), 5);
}

#[test]
fn listeners_are_added_and_removed_under_load_without_a_loss_for_the_others() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            for _ in 0..50 {
                (0..100).for_each(|_| EventTracker::new("work").finish());
                gomon_core::flush(DEADLINE).unwrap();
            }
        });
        while !load.is_finished() {
            let id = add_listener(|_: &Event| ()).unwrap();
            assert!(remove_listener(id));
        }
    });
    let report = gomon.shutdown();
    assert_eq!((report.created, sink.unique()), (5003, 5003));
    assert_ledger(&report);
}

#[test]
fn a_listener_that_panics_is_counted_and_the_rest_of_the_batch_delivered() {
    let _turn = turn();
    let sink = Sink::default();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let panicking = move |event: &Event| {
        assert!(event.fp() != "poison", "poisoned");
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let gomon = builder()
        .named_listener("panicking", panicking)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    for n in 0..100 {
        EventTracker::new(if n % 10 == 0 { "poison" } else { "work" }).finish();
    }
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!(
        account(&report, "panicking").dropped,
        [(DropReason::ListenerPanic, 10)]
    );
    assert_eq!(seen.load(Ordering::Relaxed), 93);
    assert_eq!(
        (account(&report, "sink").delivered, sink.unique()),
        (103, 103)
    );
}

#[test]
fn a_listeners_error_is_kept_and_the_rest_of_its_batch_counted() {
    struct Refusing;
    impl Listener for Refusing {
        fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
            Ok(())
        }
        fn feed_batch(&mut self, events: Events<'_>) -> Result<(), BatchError> {
            let delivered = events
                .iter()
                .take_while(|event| event.fp() != "bad")
                .count();
            match delivered == events.len() {
                true => Ok(()),
                false => Err(BatchError {
                    delivered,
                    cause: ListenerError::new("disk full"),
                }),
            }
        }
    }
    let _turn = turn();
    let gomon = builder().listener(Refusing).start().unwrap();
    gomon_core::flush(DEADLINE).unwrap();
    ["good", "bad", "lost"]
        .into_iter()
        .for_each(|fp| EventTracker::new(fp).finish());
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_eq!(report.listeners[0].name, "Refusing");
    assert_eq!(
        report.listeners[0].dropped,
        [(DropReason::ListenerError, 2)]
    );
    assert_eq!(report.listeners[0].last_error.as_deref(), Some("disk full"));
    assert_ledger(&report);
    drop(gomon);
}

#[test]
fn an_event_that_is_refused_costs_no_other() {
    struct Picky(Sink);
    impl Listener for Picky {
        fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
            assert!(event.fp() != "poison", "poisoned");
            if event.fp() == "bad" {
                return Err("not that one".into());
            }
            self.0.listener()(event);
            Ok(())
        }
    }
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder().listener(Picky(sink.clone())).start().unwrap();
    gomon_core::flush(DEADLINE).unwrap();
    let order = ["a", "bad", "b", "poison", "bad", "c"];
    order
        .into_iter()
        .for_each(|fp| EventTracker::new(fp).finish());
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_eq!(sink.fps(), ["application", "a", "b", "c"]);
    let expected = [
        (DropReason::ListenerError, 2),
        (DropReason::ListenerPanic, 1),
    ];
    assert_eq!(report.listeners[0].dropped, expected);
    assert_ledger(&report);
    drop(gomon);
}

#[test]
fn a_listener_that_cannot_start_fails_the_start_of_gomon_by_name() {
    struct Broken;
    impl Listener for Broken {
        fn start(&mut self) -> Result<(), ListenerError> {
            Err(ListenerError::new("no such directory"))
        }
        fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
            Ok(())
        }
    }
    let _turn = turn();
    let error = builder().listener(Broken).start().unwrap_err();
    assert!(matches!(&error, Error::Listener { name, .. } if name == "Broken"));
    assert_eq!(
        error.to_string(),
        "listener Broken could not start: no such directory"
    );
    assert_eq!(builder().start().unwrap().shutdown().dropped(), 0);
}

#[test]
fn events_made_by_a_listener_are_not_recorded() {
    let _turn = turn();
    let sink = Sink::default();
    let chatty = |_: &Event| EventTracker::new("feedback").finish();
    let gomon = builder()
        .listener(chatty)
        .listener(sink.listener())
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    drop(gomon);
    assert!(!sink.fps().contains(&"feedback".to_owned()));
}

#[test]
fn a_stuck_listener_loses_alone_and_what_it_lost_is_counted() {
    let _turn = turn();
    let sink = Sink::default();
    let (release, released) = std::sync::mpsc::sync_channel::<()>(0);
    let stuck = move |_: &Event| {
        let _ = released.recv();
    };
    // Its queue is what is looked at here, not its quarantine.
    let patient = ListenerOptions::new().stuck_after(Duration::MAX);
    let gomon = builder()
        .listener_with(patient.name("stuck"), stuck)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    // More than its queue holds.
    for turn in 1..=40 {
        (0..1000).for_each(|_| EventTracker::new("work").finish());
        sink.wait_for(turn * 1000 + 1);
    }
    drop(release);
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let stuck = account(&report, "stuck");
    assert!(stuck.dropped.iter().all(|(reason, _)| *reason == DropReason::QueueFull || *reason == DropReason::BytesFull));
    assert!(stuck.total_dropped() > 0 && stuck.delivered + stuck.total_dropped() == 40_001);
    assert_eq!(
        (account(&report, "sink").delivered, sink.unique()),
        (40_001, 40_001)
    );
    drop(gomon);
}

#[test]
fn batches_can_be_kept_without_a_copy() {
    struct Keeper(Arc<Mutex<Vec<SharedEvents>>>);
    impl Listener for Keeper {
        fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
            Ok(())
        }
        fn feed_batch(&mut self, events: Events<'_>) -> Result<(), BatchError> {
            self.0.lock().unwrap().push(events.share());
            Ok(())
        }
    }
    let _turn = turn();
    let kept = Arc::default();
    let gomon = builder()
        .listener(Keeper(Arc::clone(&kept)))
        .start()
        .unwrap();
    (0..10).for_each(|_| EventTracker::new("work").finish());
    drop(gomon);
    let kept = kept.lock().unwrap();
    assert_eq!(
        kept.iter()
            .flat_map(SharedEvents::iter)
            .filter(|event| event.fp() == "work")
            .count(),
        10
    );
}

#[test]
fn gomon_reports_on_itself_and_names_the_sites_of_orphans() {
    let _turn = turn();
    let sink = Sink::default();
    let interval = Duration::from_millis(20);
    let gomon = builder()
        .report_interval(interval)
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    for (key, value) in [
        ("caller", "src/a.rs:7"),
        ("digest", "c0ffee"),
        ("caller", "src/a.rs:7"),
    ] {
        EventTracker::new("sql-wconn-queryctx")
            .set(key, value)
            .orphan();
    }
    let url = gomon_core::Tree::map().with("host", "stock:80");
    EventTracker::new("http-roundtripper")
        .set("url", url)
        .orphan();
    sink.wait_for(8); // two reports at the least
    drop(gomon);
    let events = sink.events();
    let reports: Vec<_> = events
        .iter()
        .filter(|event| event["gomon:fp"] == "gomon-self")
        .collect();
    let last = reports.last().unwrap();
    let sites = serde_json::json!({"c0ffee": 1, "src/a.rs:7": 2, "stock:80": 1});
    assert_eq!(last["orphans"], sites);
    assert!(reports.len() >= 3 && last["spent"].as_u64() > Some(0));
    assert_eq!(
        (&last["listeners"][0]["name"], &last["in-flight"]),
        (&"sink".into(), &0.into())
    );
}

#[test]
fn stuck_listeners_that_keep_all_records_give_way_to_the_others() {
    let _turn = turn();
    let sink = Sink::default();
    let mut gates = Vec::new();
    let mut stuck = |name: &str| {
        let (gate, opened) = std::sync::mpsc::sync_channel::<()>(0);
        gates.push(gate);
        let options = ListenerOptions::new()
            .name(name)
            .max_events(1_000_000)
            .max_bytes(1 << 40);
        (options, move |_: &Event| {
            let _ = opened.recv();
        })
    };
    let (first, second) = (stuck("first"), stuck("second"));
    let behind = Retransmitter::new("behind");
    behind.add_listener_with(second.0, second.1).unwrap();
    let gomon = builder()
        .listener_with(first.0, first.1)
        .listener(behind.clone())
        .named_listener("sink", sink.listener())
        .start()
        .unwrap();
    // More than all records there are.
    for turn in 1..=80 {
        (0..1000).for_each(|_| EventTracker::new("work").finish());
        sink.wait_for(turn * 1000 + 1);
    }
    drop(gates);
    let _ = gomon_core::flush(DEADLINE);
    let report = stats();
    assert_ledger(&report);
    assert_eq!(account(&report, "sink").total_dropped(), 0);
    assert!(account(&report, "first").total_dropped() > 0);
    assert!(behind.reports()[0].total_dropped() > 0);
    drop(gomon);
}

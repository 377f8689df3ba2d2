//! Aggregates on their way through the whole pipe.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gomon_core::{
    Context, Event, EventTracker, Label, Listener, ListenerError, Outcome, Retransmitter, Sampling,
    Snapshot, aggregates,
};

use crate::support::{DEADLINE, Sink, account, assert_ledger, builder, turn};

/// What a listener was fed and handed, in its order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Entry>>>);

#[derive(Clone, Debug)]
enum Entry {
    Event(String),
    Snapshot(Snapshot),
}

impl Log {
    fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap().clone()
    }

    fn snapshots(&self) -> Vec<Snapshot> {
        let snapshot = |entry| match entry {
            Entry::Snapshot(snapshot) => Some(snapshot),
            Entry::Event(_) => None,
        };
        self.entries().into_iter().filter_map(snapshot).collect()
    }

    fn push(&self, entry: Entry) {
        self.0.lock().unwrap().push(entry);
    }
}

impl Listener for Log {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        self.push(Entry::Event(event.fp().to_owned()));
        Ok(())
    }

    fn aggregates(&mut self, snapshot: &Snapshot) {
        self.push(Entry::Snapshot(snapshot.clone()));
    }
}

fn request(route: &str, code: u64, outcome: Outcome) {
    let mut tracker = EventTracker::in_context("http-wmux-servehttp", Context::application());
    tracker
        .set("method", "GET")
        .set("route", route)
        .set("response_code", code);
    tracker.child("sql-wconn-queryctx").set("digest", "d");
    tracker.mark(outcome);
    tracker.finish();
}

#[test]
fn they_are_exact_at_any_sampling_and_behind_any_filter() {
    let _turn = turn();
    for ratio in [0.0, 0.1, 1.0] {
        let gomon = builder()
            .sampling(Sampling::ratio(ratio))
            .filter(|event| event.fp() != "sql-wconn-queryctx")
            .named_listener("sink", Sink::default().listener())
            .start()
            .unwrap();
        let mut exact = BTreeMap::new();
        for n in 0..3000 {
            let (route, code, outcome) = match n % 7 {
                0 => ("/a", 200, Outcome::Completed),
                1 | 2 => ("/b", 404, Outcome::Completed),
                3 => ("/b", 500, Outcome::Failed),
                _ => ("/c", 204, Outcome::Cancelled),
            };
            request(route, code, outcome);
            *exact.entry((route, code / 100, outcome)).or_insert(0) += 1;
            if n % 500 == 0 {
                // A ring holds fewer than all of them.
                gomon_core::flush(DEADLINE).unwrap();
            }
        }
        let snapshot = aggregates();
        for ((route, class, outcome), count) in exact {
            let class = format!("{class}xx");
            let mut series = snapshot.find("http-wmux-servehttp").filter(|series| {
                series.label(Label::Route) == Some(route)
                    && series.label(Label::ResponseClass) == Some(&class)
            });
            assert_eq!(series.next().unwrap().count_of(outcome), count, "{route}");
            assert!(series.next().is_none());
        }
        assert_eq!(snapshot.count("sql-wconn-queryctx"), 3000);
        let report = gomon.shutdown();
        assert_ledger(&report);
        assert!(account(&report, "sink").delivered < 3000 + 300 || ratio == 1.0);
    }
}

#[test]
fn a_listener_is_handed_them_at_each_flush_after_the_events() {
    let _turn = turn();
    let log = Log::default();
    let gomon = builder().listener(log.clone()).start().unwrap();
    for round in 1..=3u64 {
        EventTracker::new("work").finish();
        gomon_core::flush(DEADLINE).unwrap();
        let entries = log.entries();
        let fed = |entry: &&Entry| matches!(entry, Entry::Event(fp) if fp == "work");
        assert_eq!(entries.iter().filter(fed).count() as u64, round);
        let Some(Entry::Snapshot(last)) = entries.last() else {
            panic!("{entries:?}");
        };
        assert_eq!(last.count("work"), round);
        assert!(last.lapsed() > Duration::ZERO);
    }
    drop(gomon);
}

#[test]
fn at_the_shutdown_they_come_once_more_after_the_last_event() {
    let _turn = turn();
    let (log, behind) = (Log::default(), Log::default());
    let retransmitter = Retransmitter::new("next").listener(behind.clone()).unwrap();
    let gomon = builder()
        .listener(log.clone())
        .listener(retransmitter)
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    drop(gomon);
    for log in [log, behind] {
        let entries = log.entries();
        let [.., Entry::Event(end), Entry::Snapshot(last)] = entries.as_slice() else {
            panic!("{entries:?}");
        };
        assert_eq!(end, "application-end");
        for fp in ["work", "gomon-self", "application-end"] {
            assert_eq!(last.count(fp), 1, "{fp}");
        }
    }
}

#[test]
fn they_come_by_themselves_from_time_to_time() {
    let _turn = turn();
    let (handed, snapshots) = sync_channel(1);
    let gomon = builder()
        .aggregate_interval(Duration::from_millis(1))
        .listener(Forward(handed))
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    let with_work = |snapshot: &Snapshot| snapshot.count("work") == 1;
    assert!(snapshots.iter().any(|snapshot| with_work(&snapshot)));
    drop(snapshots);
    drop(gomon);
}

/// Sends what it is handed; a send blocks until the last was received.
struct Forward(SyncSender<Snapshot>);

impl Listener for Forward {
    fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
        Ok(())
    }

    fn aggregates(&mut self, snapshot: &Snapshot) {
        let _ = self.0.send(snapshot.clone());
    }
}

#[test]
fn whoever_asks_gets_what_ended_before_and_after_the_shutdown_the_last() {
    let _turn = turn();
    let gomon = builder().start().unwrap();
    for count in 1..100 {
        EventTracker::new("work").finish();
        assert_eq!(aggregates().count("work"), count);
    }
    let before = aggregates();
    EventTracker::new("work").finish();
    drop(gomon);
    let last = aggregates();
    assert_eq!(
        (last.count("work"), last.count("application-end")),
        (100, 1)
    );
    assert_eq!(last.since(&before).count("work"), 1);
    drop(builder().start().unwrap());
    assert_eq!(aggregates().count("work"), 0);
}

#[test]
fn a_slow_listener_gets_the_latest_and_not_all() {
    let _turn = turn();
    let (started, has_started) = sync_channel(1);
    let (release, released) = sync_channel::<()>(0);
    let log = Log::default();
    let slow = Slow {
        started,
        released,
        log: log.clone(),
    };
    let gomon = builder().listener(slow).start().unwrap();
    has_started.recv().unwrap();
    for _ in 0..50 {
        EventTracker::new("work").finish();
        let _ = gomon_core::flush(Duration::ZERO);
        // The bus has handed out what was asked for before.
        assert!(aggregates().count("work") > 0);
    }
    drop(release);
    gomon_core::flush(DEADLINE).unwrap();
    let snapshots = log.snapshots();
    // Two that waited, and those of the last two flushes if it was quick then.
    assert!(snapshots.len() <= 4, "{}", snapshots.len());
    assert_eq!(snapshots.last().unwrap().count("work"), 50);
    drop(gomon);
}

/// Stays in its first event until it is released.
struct Slow {
    started: SyncSender<()>,
    released: Receiver<()>,
    log: Log,
}

impl Listener for Slow {
    fn feed(&mut self, _: &Event) -> Result<(), ListenerError> {
        let _ = self.started.try_send(());
        let _ = self.released.recv();
        Ok(())
    }

    fn aggregates(&mut self, snapshot: &Snapshot) {
        self.log.push(Entry::Snapshot(snapshot.clone()));
    }
}

#[test]
fn one_that_panics_on_them_still_gets_its_events() {
    let _turn = turn();
    let sink = Sink::default();
    let gomon = builder()
        .listener(Touchy(Box::new(sink.listener())))
        .start()
        .unwrap();
    EventTracker::new("work").finish();
    gomon_core::flush(DEADLINE).unwrap();
    EventTracker::new("work").finish();
    let report = gomon.shutdown();
    assert_eq!(report.dropped(), 0);
    assert_eq!(sink.fps().iter().filter(|fp| *fp == "work").count(), 2);
}

struct Touchy(Box<dyn FnMut(&Event) + Send>);

impl Listener for Touchy {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        (self.0)(event);
        Ok(())
    }

    fn aggregates(&mut self, _: &Snapshot) {
        panic!("oh");
    }
}

#[test]
fn past_the_limit_sums_stay_exact() {
    let _turn = turn();
    let gomon = builder().series_limit(5).start().unwrap();
    for n in 0..100 {
        request(&format!("/{n}"), 200, Outcome::Completed);
    }
    let snapshot = aggregates();
    assert_eq!(snapshot.count("http-wmux-servehttp"), 100);
    let overflow = |series: &&gomon_core::Series| series.is_overflow();
    let overflows: Vec<_> = snapshot.series().filter(overflow).collect();
    assert_eq!((overflows.len(), overflows[0].count()), (1, 96));
    drop(gomon);
}

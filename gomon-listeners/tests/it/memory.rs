use std::time::Duration;

use gomon_core::EventTracker;
use gomon_listeners::MemoryListener;

use crate::fed;

fn make(fp: &'static str, numbers: std::ops::Range<u64>) {
    for n in numbers {
        EventTracker::new(fp).set("n", n);
    }
}

#[test]
fn the_last_events_are_kept_and_the_others_counted() {
    let memory = MemoryListener::new(10);
    let report = fed(memory.clone(), "ring", || make("ring", 0..25));
    let numbers: Vec<u64> = memory
        .events()
        .iter()
        .map(|event| event["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (15..25).collect::<Vec<_>>());
    assert_eq!(
        (memory.len(), memory.overflowed()),
        (10, 16),
        "25 events and the application's"
    );
    assert_eq!(report.delivered, 26, "what gave way was delivered before");
}

#[test]
fn an_event_is_waited_for() {
    let memory = MemoryListener::new(100);
    fed(memory.clone(), "awaited", || {
        let found = std::thread::scope(|scope| {
            let waiting =
                scope.spawn(|| memory.wait_for(Duration::from_secs(30), |event| event["n"] == 7));
            make("awaited", 0..8);
            waiting.join().unwrap()
        });
        assert_eq!(found.unwrap()["gomon:fp"], "awaited");
    });
}

#[test]
fn an_event_that_is_there_is_found_without_waiting_and_a_missing_one_is_none() {
    let memory = MemoryListener::new(100);
    fed(memory.clone(), "found", || make("found", 0..3));
    assert!(
        memory
            .wait_for(Duration::ZERO, |event| event["n"] == 1)
            .is_some()
    );
    assert!(
        memory
            .wait_for(Duration::ZERO, |event| event["n"] == 9)
            .is_none()
    );
}

#[test]
fn cleared_memory_is_empty_and_goes_on() {
    let memory = MemoryListener::new(100);
    fed(memory.clone(), "cleared", || {
        make("cleared", 0..3);
        gomon_core::flush(Duration::from_secs(30)).unwrap();
        memory.clear();
        assert!(memory.is_empty());
        make("cleared", 3..4);
    });
    assert_eq!(
        (memory.len(), memory.lines().len(), memory.overflowed()),
        (1, 1, 0)
    );
}

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use gomon_core::{Event, EventTracker};

use crate::support::{DEADLINE, assert_ledger, builder, turn};

#[test]
fn a_parent_may_have_a_million_children() {
    const CHILDREN: u64 = 1_000_000;
    let _turn = turn();
    let ids = Arc::new(Mutex::new(HashSet::new()));
    let sink = Arc::clone(&ids);
    let count = move |event: &Event| {
        if event.fp() == "child" {
            sink.lock().unwrap().insert((event.id(), event.parent()));
        }
    };
    let gomon = builder().listener(count).start().unwrap();
    let parent = EventTracker::new("parent");
    let id = parent.id();
    for number in 1..=CHILDREN {
        parent.child("child").finish();
        // Not more at once than there is place for on the way.
        if number % 1000 == 0 {
            gomon_core::flush(DEADLINE).unwrap();
        }
    }
    parent.finish();
    let report = gomon.shutdown();
    let ids = ids.lock().unwrap();
    assert_eq!(ids.len() as u64, CHILDREN);
    assert!(ids.iter().all(|(_, parent)| *parent == id));
    assert_eq!((report.created, report.dropped()), (CHILDREN + 4, 0));
    assert_ledger(&report);
}

//! `gomon-core/src/tracker/work.rs` with `bus/worker.rs`, `end`, and `bus/link.rs`, `send`: a unit of work that ends while
//! gomon shuts down closes exactly once, by its own thread or as abandoned.

use std::collections::VecDeque;

use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::check;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Finished,
    Abandoned,
}

struct Gomon {
    running: AtomicBool,
    /// One unit, registered or not.
    registry: Mutex<bool>,
    ring: Mutex<VecDeque<Closing>>,
    after_shutdown: AtomicU64,
}

impl Gomon {
    fn finish(&self) {
        // `unregister`: whoever takes the unit out closes it.
        if !std::mem::take(&mut *self.registry.lock().unwrap()) {
            return;
        }
        if self.running.load(Ordering::Relaxed) {
            self.ring.lock().unwrap().push_back(Closing::Finished);
        } else {
            self.after_shutdown.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the bus delivers at the end of a run.
    fn end(&self) -> Vec<Closing> {
        let mut delivered = Vec::new();
        self.cycle(&mut delivered);
        self.abandon(&mut delivered);
        self.running.store(false, Ordering::Relaxed);
        self.abandon(&mut delivered);
        self.cycle(&mut delivered);
        delivered
    }

    fn cycle(&self, delivered: &mut Vec<Closing>) {
        delivered.extend(self.ring.lock().unwrap().drain(..));
    }

    fn abandon(&self, delivered: &mut Vec<Closing>) {
        if std::mem::take(&mut *self.registry.lock().unwrap()) {
            delivered.push(Closing::Abandoned);
        }
    }
}

pub(super) fn a_unit_that_ends_during_the_shutdown_closes_once() {
    check(|| {
        let gomon = Arc::new(Gomon {
            running: AtomicBool::new(true),
            registry: Mutex::new(true),
            ring: Mutex::default(),
            after_shutdown: AtomicU64::new(0),
        });
        let finisher = {
            let gomon = Arc::clone(&gomon);
            thread::spawn(move || gomon.finish())
        };
        let delivered = gomon.end();
        finisher.join().unwrap();
        let late = gomon.after_shutdown.load(Ordering::Relaxed);
        // A thread that was stopped between its look at the state and its ring: the next run counts and clears it.
        let left = gomon.ring.lock().unwrap().len();
        assert_eq!(
            delivered.len() as u64 + late + left as u64,
            1,
            "{delivered:?}, {late} late, {left} left"
        );
    });
}

//! `gomon-core/src/tracker/work.rs` with `bus/worker.rs`, `end`, and `bus/link.rs`, `send`: a unit of work that ends while
//! gomon shuts down closes exactly once, by its own thread or as abandoned.

use std::collections::VecDeque;

use loom::sync::atomic::{AtomicBool, Ordering};
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
}

impl Gomon {
    /// `work::end`: whoever takes the unit out closes it, while its place is locked.
    fn finish(&self) {
        let mut registry = self.registry.lock().unwrap();
        if self.running.load(Ordering::Relaxed) && std::mem::take(&mut *registry) {
            self.ring.lock().unwrap().push_back(Closing::Finished);
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
        });
        let finisher = {
            let gomon = Arc::clone(&gomon);
            thread::spawn(move || gomon.finish())
        };
        let delivered = gomon.end();
        finisher.join().unwrap();
        assert_eq!(delivered.len(), 1, "{delivered:?}");
    });
}

//! `gomon-core/src/bus/link.rs`, `bump`, with `bus/worker.rs`, `retire`, and `bus/mod.rs`, `sum`: what a thread counted
//! and sent survives its end, and a report that is made meanwhile counts nothing twice.

use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::check;

#[derive(Default)]
struct Ring {
    /// Records that were pushed: rtrb's tail, which is stored by Release and loaded by Acquire.
    tail: AtomicU64,
    /// `rtrb::Consumer::is_abandoned`, an Acquire load; the drop of the producer is its Release.
    abandoned: AtomicBool,
    /// Only the thread writes it.
    created: AtomicU64,
}

impl Ring {
    fn send(&self) {
        let created = self.created.load(Ordering::Relaxed);
        self.created.store(created + 1, Ordering::Relaxed);
        let tail = self.tail.load(Ordering::Relaxed);
        self.tail.store(tail + 1, Ordering::Release);
    }
}

#[derive(Default)]
struct Registry {
    rings: Vec<Arc<Ring>>,
    gone: u64,
}

impl Registry {
    fn created(&self) -> u64 {
        let living = self
            .rings
            .iter()
            .map(|ring| ring.created.load(Ordering::Relaxed));
        self.gone + living.sum::<u64>()
    }
}

pub(super) fn what_an_ended_thread_sent_and_counted_is_taken_once() {
    check(|| {
        let ring = Arc::new(Ring::default());
        let registry = Arc::new(Mutex::new(Registry {
            rings: vec![Arc::clone(&ring)],
            gone: 0,
        }));
        let application = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                ring.send();
                ring.send();
                ring.abandoned.store(true, Ordering::Release);
            })
        };
        let reporter = {
            let registry = Arc::clone(&registry);
            thread::spawn(move || {
                let first = registry.lock().unwrap().created();
                let second = registry.lock().unwrap().created();
                assert!(first <= second && second <= 2, "{first}, then {second}");
            })
        };
        let mut taken = 0;
        let mut retired = false;
        for _ in 0..2 {
            taken = ring.tail.load(Ordering::Acquire);
            if !retired
                && ring.abandoned.load(Ordering::Acquire)
                && ring.tail.load(Ordering::Acquire) == taken
            {
                retired = true;
                let mut registry = registry.lock().unwrap();
                registry.rings.clear();
                registry.gone += ring.created.load(Ordering::Relaxed);
            }
        }
        application.join().unwrap();
        reporter.join().unwrap();
        assert_eq!(registry.lock().unwrap().created(), 2);
        assert!(
            !retired || taken == 2,
            "a ring was forgotten with {} inside",
            2 - taken
        );
    });
}

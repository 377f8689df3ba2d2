//! `gomon-core/src/bus/pool.rs`, `Home::take_back`, `Home::free` and the drop of a `Stock`: records that come home while
//! their thread ends, and while the bus frees what is idle, are kept for others or freed, never lost.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::check;

/// Records, counted as `Counted` counts them.
struct Magazine(Arc<AtomicUsize>);

impl Magazine {
    fn new(allocated: &Arc<AtomicUsize>) -> Self {
        allocated.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(allocated))
    }
}

impl Drop for Magazine {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// crossbeam's queue is not built for loom.
type Queue = Mutex<Vec<Magazine>>;

#[derive(Default)]
struct Home {
    back: Queue,
    gone: AtomicBool,
}

impl Home {
    fn take_back(&self, magazine: Magazine, depot: &Queue) {
        let place = match self.gone.load(Ordering::Relaxed) {
            true => depot,
            false => &self.back,
        };
        place.lock().unwrap().push(magazine);
    }

    fn free(&self) {
        let freed = std::mem::take(&mut *self.back.lock().unwrap());
        drop(freed);
    }

    /// The drop of a `Stock`.
    fn leave(&self, depot: &Queue) {
        self.gone.store(true, Ordering::Relaxed);
        loop {
            let magazine = self.back.lock().unwrap().pop();
            let Some(magazine) = magazine else { return };
            depot.lock().unwrap().push(magazine);
        }
    }
}

pub(super) fn records_that_come_home_while_their_thread_ends_are_kept_or_freed() {
    check(|| {
        let allocated = Arc::new(AtomicUsize::new(0));
        let depot = Arc::new(Queue::default());
        let home = Arc::new(Home::default());
        let listeners: Vec<_> = (0..2)
            .map(|_| {
                let magazine = Magazine::new(&allocated);
                let (home, depot) = (Arc::clone(&home), Arc::clone(&depot));
                thread::spawn(move || home.take_back(magazine, &depot))
            })
            .collect();
        let bus = {
            let home = Arc::clone(&home);
            thread::spawn(move || home.free())
        };
        home.leave(&depot);
        for thread in listeners.into_iter().chain([bus]) {
            thread.join().unwrap();
        }
        drop(home); // the last that knows it: with it goes what came too late
        let kept = depot.lock().unwrap().len();
        assert_eq!(allocated.load(Ordering::Relaxed), kept);
        depot.lock().unwrap().clear();
        assert_eq!(allocated.load(Ordering::Relaxed), 0);
    });
}

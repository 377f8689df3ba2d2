//! `gomon-core/src/bus/worker.rs`, `run`, and `bus/mod.rs`, `pass_all` and `stop`: a flush that returns well has seen
//! everything that was finished before it passed on, also while another thread shuts down.

use std::collections::VecDeque;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::check;

#[derive(Default)]
struct Bus {
    ring: Mutex<VecDeque<u32>>,
    request: Mutex<Request>,
    progress: Mutex<Progress>,
    progressed: Condvar,
    /// Ends the bus's pause; the real one also ends by itself.
    woken: Mutex<bool>,
    wake: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Request {
    flush: u64,
    stop: bool,
}

#[derive(Default)]
struct Progress {
    passed: u64,
    ended: bool,
    /// What the listeners have.
    delivered: Vec<u32>,
}

impl Bus {
    fn run(&self) {
        let mut passed = 0;
        loop {
            // Before the ring.
            let request = *self.request.lock().unwrap();
            let batch: Vec<u32> = self.ring.lock().unwrap().drain(..).collect();
            let mut progress = self.progress.lock().unwrap();
            progress.delivered.extend(batch);
            if request.flush > passed {
                passed = request.flush;
                progress.passed = passed;
                self.progressed.notify_all();
            }
            if request.stop {
                drop(progress);
                let rest: Vec<u32> = self.ring.lock().unwrap().drain(..).collect();
                let mut progress = self.progress.lock().unwrap();
                progress.delivered.extend(rest);
                progress.ended = true;
                self.progressed.notify_all();
                return;
            }
            drop(progress);
            let mut woken = self.woken.lock().unwrap();
            while !std::mem::take(&mut *woken) {
                woken = self.wake.wait(woken).unwrap();
            }
        }
    }

    fn wake(&self) {
        *self.woken.lock().unwrap() = true;
        self.wake.notify_one();
    }

    fn flush(&self) -> bool {
        let number = {
            let mut request = self.request.lock().unwrap();
            request.flush += 1;
            request.flush
        };
        self.wake();
        let mut progress = self.progress.lock().unwrap();
        while progress.passed < number && !progress.ended {
            progress = self.progressed.wait(progress).unwrap();
        }
        progress.passed >= number
    }

    fn stop(&self) {
        self.request.lock().unwrap().stop = true;
        self.wake();
        let mut progress = self.progress.lock().unwrap();
        while !progress.ended {
            progress = self.progressed.wait(progress).unwrap();
        }
    }

    fn has_delivered(&self, event: u32) -> bool {
        self.progress.lock().unwrap().delivered.contains(&event)
    }
}

pub(super) fn a_flush_returns_with_everything_before_it_delivered_though_gomon_ends_meanwhile() {
    check(|| {
        let bus = Arc::new(Bus::default());
        let worker = {
            let bus = Arc::clone(&bus);
            thread::spawn(move || bus.run())
        };
        let flusher = {
            let bus = Arc::clone(&bus);
            thread::spawn(move || {
                bus.ring.lock().unwrap().push_back(1);
                if bus.flush() {
                    assert!(bus.has_delivered(1), "flushed without the event before");
                }
            })
        };
        bus.stop();
        flusher.join().unwrap();
        worker.join().unwrap();
    });
}

pub(super) fn two_flushes_at_once_both_return() {
    check(|| {
        let bus = Arc::new(Bus::default());
        let worker = {
            let bus = Arc::clone(&bus);
            thread::spawn(move || bus.run())
        };
        let other = {
            let bus = Arc::clone(&bus);
            thread::spawn(move || {
                bus.ring.lock().unwrap().push_back(1);
                assert!(bus.flush() && bus.has_delivered(1));
            })
        };
        assert!(bus.flush());
        other.join().unwrap();
        bus.stop();
        worker.join().unwrap();
    });
}

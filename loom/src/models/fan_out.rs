//! `gomon-core/src/bus/fan_out.rs`, `add`, `remove`, `pass` and `reports`, over real queues: a listener that comes and goes
//! while events pass gets each event since it came, and its account adds up at every moment.

use std::time::Duration;

use loom::sync::{Arc, Mutex};
use loom::thread;

use super::check;
use super::queue::{Batch, Manner, assert_balanced, listener, queue};
use crate::bus::options::Limits;
use crate::bus::queue::Queue;
use crate::deadline::Deadline;

#[derive(Default)]
struct FanOut(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    outlets: Vec<(Arc<Queue<Batch>>, u64)>,
    created: u64,
}

impl FanOut {
    fn pass(&self, events: u64) {
        let mut inner = self.0.lock().unwrap();
        inner.created += events;
        for (queue, _) in &inner.outlets {
            queue.push(Batch(events));
        }
    }

    fn add(&self, queue: &Arc<Queue<Batch>>) {
        let mut inner = self.0.lock().unwrap();
        let before = inner.created;
        inner.outlets.push((Arc::clone(queue), before));
    }

    /// The events that it should have been given.
    fn remove(&self) -> u64 {
        let mut inner = self.0.lock().unwrap();
        let created = inner.created;
        let (queue, before) = inner.outlets.remove(0);
        queue.begin_close(Deadline::after(Duration::from_secs(10)));
        created - before
    }

    fn assert_report(&self) {
        let inner = self.0.lock().unwrap();
        for (queue, before) in &inner.outlets {
            let standing = queue.standing();
            let accounted = standing.delivered + standing.dropped.total() + standing.pending;
            assert_eq!(accounted, inner.created - before);
        }
    }
}

pub(super) fn a_listener_that_comes_and_goes_under_load_has_an_exact_account() {
    check(|| {
        let fan_out = Arc::new(FanOut::default());
        let queue = queue(Limits::DEFAULT);
        let bus = {
            let fan_out = Arc::clone(&fan_out);
            thread::spawn(move || {
                fan_out.pass(1);
                fan_out.pass(2);
            })
        };
        let feeder = listener(&queue, Manner::Well);
        fan_out.add(&queue);
        fan_out.assert_report();
        let created = fan_out.remove();
        feeder.join().unwrap();
        bus.join().unwrap();
        assert_balanced(created, &queue.standing());
        assert_eq!(queue.standing().delivered, created);
    });
}

//! `gomon-core/src/bus/worker.rs`, `cycle`, with `bus/messages.rs`: an attribute that is sent from another thread while
//! its event is open reaches the event, in whichever order the bus reads the rings.

use std::collections::VecDeque;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::check;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Message,
    Event,
}

/// rtrb's ring is not built for loom: this one has its order and nothing else.
type Ring = Arc<Mutex<VecDeque<Sent>>>;

#[derive(Default)]
struct Shared {
    /// `Registry::new`: rings that the bus has not taken over yet.
    new: Mutex<Vec<Ring>>,
    /// `state::MESSAGES`.
    has_messages: AtomicBool,
}

impl Shared {
    fn register(&self) -> Ring {
        let ring = Ring::default();
        self.new.lock().unwrap().push(Arc::clone(&ring));
        ring
    }
}

#[derive(Default)]
struct Bus {
    rings: Vec<Ring>,
    stage: Vec<Sent>,
    held_back: Vec<Sent>,
    /// A message waits for its event.
    waiting: bool,
    /// The event was passed on, with its attribute or without.
    passed: Option<bool>,
}

impl Bus {
    fn cycle(&mut self, shared: &Shared) {
        self.take_over(shared);
        if let Some((ring, count)) = self.only_source(shared) {
            for sent in ring.lock().unwrap().drain(..count) {
                assert_eq!(sent, Sent::Event, "a message went as an event");
                self.passed = Some(std::mem::take(&mut self.waiting));
            }
            return;
        }
        self.stage.append(&mut self.held_back);
        self.drain();
        if shared.has_messages.load(Ordering::Relaxed) {
            let first = self.stage.len();
            self.take_over(shared);
            self.drain();
            self.held_back.extend(self.stage.drain(first..));
        }
        for _ in self.stage.drain(..) {
            self.passed = Some(std::mem::take(&mut self.waiting));
        }
    }

    /// `Worker::only_source`: the rings first, then the flag.
    fn only_source(&self, shared: &Shared) -> Option<(Ring, usize)> {
        if !self.held_back.is_empty() {
            return None;
        }
        let counted = self
            .rings
            .iter()
            .map(|ring| (ring, ring.lock().unwrap().len()));
        let mut sources = counted.filter(|(_, count)| *count > 0);
        let (ring, count) = sources.next()?;
        let alone = sources.next().is_none() && !shared.has_messages.load(Ordering::Relaxed);
        alone.then(|| (Arc::clone(ring), count))
    }

    fn take_over(&mut self, shared: &Shared) {
        self.rings.append(&mut shared.new.lock().unwrap());
    }

    fn drain(&mut self) {
        for ring in &self.rings {
            for sent in ring.lock().unwrap().drain(..) {
                match sent {
                    Sent::Message => self.waiting = true,
                    Sent::Event => self.stage.push(sent),
                }
            }
        }
    }
}

pub(super) fn a_message_that_was_sent_before_the_end_reaches_its_event() {
    let model = |message_ring_is_new: bool| {
        move || {
            let shared = Arc::new(Shared::default());
            let known = (!message_ring_is_new).then(|| shared.register());
            let events = shared.register();
            let bus = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let mut bus = Bus::default();
                    bus.cycle(&shared);
                    bus
                })
            };
            let setter = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let ring = known.unwrap_or_else(|| shared.register());
                    shared.has_messages.store(true, Ordering::Relaxed);
                    ring.lock().unwrap().push_back(Sent::Message);
                })
            };
            setter.join().unwrap();
            events.lock().unwrap().push_back(Sent::Event);
            let mut bus = bus.join().unwrap();
            bus.cycle(&shared);
            bus.cycle(&shared);
            assert_eq!(
                bus.passed,
                Some(true),
                "the event went without its attribute"
            );
        }
    };
    check(model(false));
    check(model(true));
}

//! A listener's queue, `gomon-core/src/bus/queue/mod.rs` itself: between the bus that pushes, the thread that feeds, flushes
//! and the shutdown, every event is counted once and nobody waits for ever.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use super::check;
use crate::bus::flush::{FlushTicket, Flushed};
use crate::bus::options::{Limits, OnFull};
use crate::bus::queue::{Load, Queue, Standing, Task};
use crate::bus::reason::{DropReason, Losses};
use crate::deadline::Deadline;

/// A batch of so many events.
#[derive(Debug)]
pub(super) struct Batch(pub(super) u64);

impl Load for Batch {
    fn events(&self) -> u64 {
        self.0
    }

    fn bytes(&self) -> u64 {
        self.0
    }
}

/// How a listener takes its batches.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    Well,
    /// It panics on each batch, as often as leads to quarantine.
    Panicking,
}

/// A listener's thread, as `bus/feeder.rs` runs it.
pub(super) fn listener(queue: &Arc<Queue<Batch>>, manner: Manner) -> JoinHandle<()> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        loop {
            match queue.next(None) {
                Task::Feed(batch) => feed(&queue, &batch, manner),
                Task::Note(()) => queue.noted(),
                Task::Flush(ticket) => queue.flushed(ticket, true),
                Task::Renew => queue.probe(None),
                Task::Tick | Task::Replace => {}
                Task::End(_) => return queue.end(),
            }
        }
    })
}

fn feed(queue: &Queue<Batch>, batch: &Batch, manner: Manner) {
    let (events, bytes) = (batch.events(), batch.bytes());
    match manner {
        Manner::Well => queue.fed(events, bytes, events, &Losses::NONE),
        Manner::Panicking => {
            while !queue.panicked(0) {}
            let mut lost = Losses::NONE;
            lost.add(DropReason::ListenerPanic, events);
            queue.fed(events, bytes, 0, &lost);
        }
    }
}

pub(super) fn queue(limits: Limits) -> Arc<Queue<Batch>> {
    Arc::new(Queue::new(limits))
}

/// What was pushed is delivered or dropped, and nothing waits.
pub(super) fn assert_balanced(pushed: u64, standing: &Standing) {
    assert_eq!(
        standing.delivered + standing.dropped.total(),
        pushed,
        "{standing:?}"
    );
    assert_eq!(
        (standing.pending, standing.pending_bytes),
        (0, 0),
        "{standing:?}"
    );
}

fn close(queue: &Queue<Batch>, deadline: Deadline) {
    queue.begin_close(deadline);
    queue.finish_close(deadline);
}

fn flush_ticket() -> FlushTicket {
    FlushTicket {
        number: 1,
        deadline: long(),
    }
}

fn long() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

pub(super) fn everything_that_was_pushed_before_the_close_is_delivered() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = listener(&queue, Manner::Well);
        queue.push(Batch(1));
        queue.push(Batch(2));
        close(&queue, long());
        assert!(queue.has_ended());
        thread.join().unwrap();
        let standing = queue.standing();
        assert_balanced(3, &standing);
        assert_eq!(standing.delivered, 3);
    });
}

pub(super) fn a_push_alone_wakes_the_listener() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = listener(&queue, Manner::Well);
        let ticket = flush_ticket();
        queue.push(Batch(1));
        // Without a word to the listener: it must have come so far by itself.
        while queue.standing().delivered == 0 {
            thread::yield_now();
        }
        queue.start_flush(ticket);
        assert_eq!(queue.wait_flushed(ticket), Flushed::Well);
        close(&queue, long());
        thread.join().unwrap();
    });
}

pub(super) fn what_was_pushed_quietly_is_fed_once_it_is_announced() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = listener(&queue, Manner::Well);
        let _ = queue.push_quietly(Batch(1));
        queue.note(());
        let _ = queue.push_quietly(Batch(1));
        queue.announce();
        // Without another word: one for all of it is enough.
        while queue.standing().delivered < 2 {
            thread::yield_now();
        }
        close(&queue, long());
        thread.join().unwrap();
        assert_balanced(2, &queue.standing());
    });
}

pub(super) fn a_note_is_shown_after_what_was_pushed_before_it() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let (mut fed, mut noted) = (0, None);
                loop {
                    match queue.next(None) {
                        Task::Feed(batch) => {
                            fed += batch.events();
                            feed(&queue, &batch, Manner::Well);
                        }
                        Task::Note(()) => {
                            noted = Some(fed);
                            queue.noted();
                        }
                        Task::End(_) => {
                            queue.end();
                            return noted;
                        }
                        Task::Flush(_) | Task::Renew | Task::Replace | Task::Tick => {}
                    }
                }
            })
        };
        queue.push(Batch(1));
        queue.note(());
        queue.push(Batch(2));
        close(&queue, long());
        let before = thread.join().unwrap();
        assert!(before.is_some_and(|fed| fed >= 1), "{before:?}");
        assert_balanced(3, &queue.standing());
    });
}

pub(super) fn a_flush_returns_though_what_it_waits_for_is_dropped() {
    check(|| {
        let limits = Limits {
            max_events: 1,
            on_full: OnFull::DropOldest,
            ..Limits::DEFAULT
        };
        let queue = queue(limits);
        let thread = listener(&queue, Manner::Well);
        queue.push(Batch(1));
        let ticket = flush_ticket();
        queue.start_flush(ticket);
        queue.push(Batch(1));
        assert_eq!(queue.wait_flushed(ticket), Flushed::Well);
        close(&queue, long());
        thread.join().unwrap();
        assert_balanced(2, &queue.standing());
    });
}

pub(super) fn a_full_queue_loses_what_its_policy_says_and_counts_it() {
    for on_full in [OnFull::DropNewest, OnFull::DropOldest] {
        check(move || {
            let limits = Limits {
                max_events: 2,
                on_full,
                ..Limits::DEFAULT
            };
            let queue = queue(limits);
            let thread = listener(&queue, Manner::Well);
            for _ in 0..3 {
                queue.push(Batch(1));
            }
            close(&queue, long());
            thread.join().unwrap();
            let standing = queue.standing();
            assert_balanced(3, &standing);
            assert!(
                standing.high_water <= 2 && standing.delivered >= 2,
                "{standing:?}"
            );
        });
    }
}

pub(super) fn a_flush_waits_for_what_was_pushed_before_it_and_for_no_more() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = listener(&queue, Manner::Well);
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(Batch(4)))
        };
        queue.push(Batch(1));
        let ticket = flush_ticket();
        queue.start_flush(ticket);
        assert_eq!(queue.wait_flushed(ticket), Flushed::Well);
        let delivered = queue.standing().delivered;
        assert!([1, 5].contains(&delivered), "{delivered} delivered");
        other.join().unwrap();
        close(&queue, long());
        thread.join().unwrap();
        assert_balanced(5, &queue.standing());
    });
}

pub(super) fn a_flush_returns_though_the_listener_is_removed_meanwhile() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = listener(&queue, Manner::Well);
        let flusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                queue.push(Batch(1));
                let ticket = flush_ticket();
                queue.start_flush(ticket);
                queue.wait_flushed(ticket)
            })
        };
        close(&queue, long());
        thread.join().unwrap();
        let _ = flusher.join().unwrap();
        assert_balanced(1, &queue.standing());
    });
}

pub(super) fn a_shutdown_that_gives_up_counts_what_is_in_the_listeners_hands_once() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = listener(&queue, Manner::Well);
        queue.push(Batch(1));
        queue.push(Batch(2));
        close(&queue, Deadline::PASSED);
        assert_balanced(3, &queue.standing());
        queue.push(Batch(4));
        assert_balanced(7, &queue.standing());
        thread.join().unwrap();
        assert_balanced(7, &queue.standing());
    });
}

pub(super) fn a_listener_that_is_taken_for_stuck_returns_and_the_ledger_adds_up() {
    check(|| {
        let limits = Limits {
            stuck_after: Duration::ZERO, // whoever looks while it is busy takes it for stuck
            ..Limits::DEFAULT
        };
        let queue = queue(limits);
        let thread = listener(&queue, Manner::Well);
        queue.push(Batch(1));
        queue.check();
        queue.push(Batch(2));
        close(&queue, long());
        thread.join().unwrap();
        assert_balanced(3, &queue.standing());
    });
}

pub(super) fn a_flush_of_a_panicking_listener_returns() {
    check(|| {
        let queue = queue(Limits::DEFAULT);
        let thread = listener(&queue, Manner::Panicking);
        queue.push(Batch(1));
        let ticket = flush_ticket();
        queue.start_flush(ticket);
        assert_eq!(queue.wait_flushed(ticket), Flushed::Badly);
        queue.push(Batch(2));
        close(&queue, long());
        thread.join().unwrap();
        let standing = queue.standing();
        assert_balanced(3, &standing);
        assert_eq!((standing.delivered, standing.quarantines), (0, 1));
    });
}

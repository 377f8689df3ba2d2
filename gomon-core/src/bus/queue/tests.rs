use super::*;

/// So many events, of 10 bytes each.
#[derive(Debug, PartialEq)]
struct Batch(u64);

impl Load for Batch {
    fn events(&self) -> u64 {
        self.0
    }

    fn bytes(&self) -> u64 {
        self.0 * 10
    }
}

fn queue(on_full: OnFull, stuck_after: Duration) -> Queue<Batch> {
    Queue::new(Limits {
        max_events: 10,
        max_bytes: 1000,
        on_full,
        stuck_after,
    })
}

fn take(queue: &Queue<Batch>) -> u64 {
    match queue.next(Some(Duration::ZERO)) {
        Task::Feed(batch) => batch.0,
        other => panic!("{other:?}"),
    }
}

fn feed(queue: &Queue<Batch>) -> u64 {
    let events = take(queue);
    queue.fed(events, events * 10, events, &Losses::NONE);
    events
}

fn ticket(number: u64) -> FlushTicket {
    let deadline = Deadline::after(Duration::from_secs(10));
    FlushTicket { number, deadline }
}

#[track_caller]
fn assert_account(queue: &Queue<Batch>, delivered: u64, lost: &[(DropReason, u64)], pending: u64) {
    let standing = queue.standing();
    assert_eq!(standing.delivered, delivered);
    assert_eq!(standing.dropped.iter().collect::<Vec<_>>(), lost);
    assert_eq!(
        (standing.pending, standing.pending_bytes),
        (pending, pending * 10)
    );
}

#[test]
fn a_full_queue_loses_the_newest_or_the_oldest() {
    for (on_full, kept) in [(OnFull::DropNewest, [4, 5]), (OnFull::DropOldest, [5, 3])] {
        let queue = queue(on_full, Duration::MAX);
        [4, 5, 3]
            .into_iter()
            .for_each(|events| queue.push(Batch(events)));
        let lost = 12 - kept.iter().sum::<u64>();
        assert_account(&queue, 0, &[(DropReason::QueueFull, lost)], 12 - lost);
        assert_eq!([feed(&queue), feed(&queue)], kept);
        assert_account(&queue, 12 - lost, &[(DropReason::QueueFull, lost)], 0);
        assert_eq!(queue.standing().high_water, 9);
    }
}

#[test]
fn bytes_are_bounded_too_and_an_empty_queue_takes_any_batch() {
    let queue = Queue::new(Limits {
        max_events: 1000,
        max_bytes: 100,
        ..Limits::DEFAULT
    });
    queue.push(Batch(50));
    queue.push(Batch(1));
    assert_account(&queue, 0, &[(DropReason::BytesFull, 1)], 50);
}

#[test]
fn a_flush_comes_after_what_was_pushed_before_it_and_before_the_rest() {
    let queue = queue(OnFull::DropNewest, Duration::MAX);
    queue.push(Batch(1));
    queue.start_flush(ticket(1));
    queue.push(Batch(2));
    assert_eq!(feed(&queue), 1);
    assert!(matches!(queue.next(None), Task::Flush(ticket) if ticket.number == 1));
    queue.flushed(ticket(1), true);
    assert_eq!(queue.wait_flushed(ticket(1)), Flushed::Well);
    assert_eq!(feed(&queue), 2);
}

#[test]
fn what_waits_for_a_stuck_listener_is_given_up_and_nobody_waits_for_its_flush() {
    let queue = queue(OnFull::DropNewest, Duration::ZERO);
    queue.push(Batch(1));
    let taken = take(&queue);
    queue.start_flush(ticket(1));
    queue.push(Batch(5));
    assert_eq!(queue.wait_flushed(ticket(1)), Flushed::Badly);
    assert_account(&queue, 0, &[(DropReason::Quarantined, 5)], 1);
    queue.fed(taken, taken * 10, taken, &Losses::NONE);
    assert_account(&queue, 1, &[(DropReason::Quarantined, 5)], 0);
    assert!(queue.standing().quarantined_for.is_some());
}

#[test]
fn a_listener_that_was_given_up_counts_its_batch_once() {
    let queue = queue(OnFull::DropNewest, Duration::MAX);
    [1, 2]
        .into_iter()
        .for_each(|events| queue.push(Batch(events)));
    let taken = take(&queue);
    queue.begin_close(Deadline::PASSED);
    queue.finish_close(Deadline::PASSED);
    assert_account(&queue, 0, &[(DropReason::ShutdownTimeout, 3)], 0);
    assert!(queue.watch().is_stopped());
    queue.fed(taken, taken * 10, taken, &Losses::NONE);
    queue.push(Batch(4));
    assert_account(&queue, 0, &[(DropReason::ShutdownTimeout, 7)], 0);
    assert!(matches!(queue.next(None), Task::End(_)));
}

#[test]
fn a_closed_queue_ends_when_it_is_empty() {
    let queue = queue(OnFull::DropNewest, Duration::MAX);
    queue.push(Batch(1));
    queue.begin_close(Deadline::PASSED);
    assert_eq!(feed(&queue), 1);
    assert!(matches!(queue.next(None), Task::End(_)));
    queue.end();
    queue.push(Batch(1));
    assert_account(&queue, 1, &[(DropReason::AfterShutdown, 1)], 0);
}

#[test]
fn a_listener_that_panics_again_and_again_is_left_alone() {
    let queue = queue(OnFull::DropNewest, Duration::MAX);
    [1, 2]
        .into_iter()
        .for_each(|events| queue.push(Batch(events)));
    let taken = take(&queue);
    let panics = (1..).find(|_| queue.panicked(0));
    assert_eq!(panics, Some(8));
    let mut lost = Losses::NONE;
    lost.add(DropReason::ListenerPanic, taken);
    queue.fed(taken, taken * 10, 0, &lost);
    let lost = [(DropReason::ListenerPanic, 1), (DropReason::Quarantined, 2)];
    assert_account(&queue, 0, &lost, 0);
    // The listener itself is tried again by one batch.
    queue.probe(Some(&Batch(1)));
    queue.push(Batch(1));
    queue.fed(1, 10, 1, &Losses::NONE);
    queue.push(Batch(1));
    let lost = [(DropReason::ListenerPanic, 1), (DropReason::Quarantined, 3)];
    assert_account(&queue, 1, &lost, 1);
    assert_eq!(queue.standing().replayed, 1);
}

fn noting_queue() -> Queue<Batch, &'static str> {
    Queue::new(Limits {
        max_events: 10,
        max_bytes: 1000,
        on_full: OnFull::DropNewest,
        stuck_after: Duration::from_secs(10),
    })
}

/// The tasks up to the one that `queue` waits for.
fn tasks(queue: &Queue<Batch, &'static str>) -> Vec<String> {
    let next = || match queue.next(Some(Duration::ZERO)) {
        Task::Feed(batch) => {
            queue.fed(batch.0, batch.0 * 10, batch.0, &Losses::NONE);
            Some(batch.0.to_string())
        }
        Task::Note(note) => {
            queue.noted();
            Some(note.to_owned())
        }
        Task::Flush(ticket) => {
            queue.flushed(ticket, true);
            Some("flush".to_owned())
        }
        Task::End(_) => Some("end".to_owned()),
        Task::Tick | Task::Renew | Task::Replace => None,
    };
    let mut tasks = Vec::new();
    while let Some(task) = next() {
        let last = task == "end";
        tasks.push(task);
        if last {
            break;
        }
    }
    tasks
}

#[test]
fn a_note_comes_after_what_was_queued_before_it_and_before_a_later_flush() {
    let queue = noting_queue();
    queue.push(Batch(1));
    queue.note("one");
    queue.start_flush(ticket(1));
    queue.push(Batch(2));
    queue.note("two");
    queue.begin_close(Deadline::after(Duration::from_secs(10)));
    assert_eq!(tasks(&queue), ["1", "one", "flush", "2", "two", "end"]);
}

#[test]
fn of_the_notes_that_wait_the_first_and_the_last_stay() {
    let queue = noting_queue();
    queue.push(Batch(1));
    ["one", "two"].into_iter().for_each(|note| queue.note(note));
    queue.push(Batch(2));
    ["three", "four"]
        .into_iter()
        .for_each(|note| queue.note(note));
    assert_eq!(tasks(&queue), ["1", "one", "2", "four"]);
}

#[test]
fn in_quarantine_there_are_no_notes() {
    let queue = noting_queue();
    queue.note("one");
    while !queue.panicked(0) {}
    queue.note("two");
    assert!(matches!(queue.next(Some(Duration::ZERO)), Task::Tick));
}

#[test]
fn who_waits_for_a_flush_is_told_when_what_was_before_it_is_given_up() {
    let queue = queue(OnFull::DropNewest, Duration::MAX);
    queue.push(Batch(1));
    take(&queue);
    queue.push(Batch(2));
    queue.start_flush(ticket(1));
    let long = FlushTicket {
        number: 1,
        deadline: Deadline::after(Duration::from_secs(3600)),
    };
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| queue.wait_flushed(long));
        queue.shed();
        assert_eq!(waits.join().unwrap(), Flushed::Badly);
    });
}

#[test]
fn a_flush_that_went_well_stays_so_whatever_becomes_of_the_next() {
    let queue = queue(OnFull::DropNewest, Duration::MAX);
    for (number, well) in [(1, true), (2, false)] {
        queue.start_flush(ticket(number));
        assert!(matches!(queue.next(None), Task::Flush(_)));
        queue.flushed(ticket(number), well);
    }
    assert_eq!(queue.wait_flushed(ticket(1)), Flushed::Well);
    assert_eq!(queue.wait_flushed(ticket(2)), Flushed::Badly);
}

#[test]
fn a_flush_that_comes_in_between_the_last_one_and_the_end_is_as_good_as_the_last() {
    for (last, expected) in [
        (Some(true), Flushed::Well),
        (Some(false), Flushed::Badly),
        // The thread has died.
        (None, Flushed::Badly),
    ] {
        let queue = queue(OnFull::DropNewest, Duration::MAX);
        queue.begin_close(Deadline::PASSED);
        assert!(matches!(queue.next(None), Task::End(_)));
        queue.start_flush(ticket(1));
        if let Some(well) = last {
            queue.flushed_for_the_end(well);
        }
        queue.end();
        assert_eq!(queue.wait_flushed(ticket(1)), expected, "{last:?}");
    }
}

#[test]
fn a_listener_that_is_stuck_in_a_tick_or_in_its_greeting_is_left_alone() {
    for greeted in [true, false] {
        let queue = queue(OnFull::DropNewest, Duration::ZERO);
        match greeted {
            true => queue.probe(Some(&Batch(1))),
            false => assert!(matches!(queue.next(Some(Duration::ZERO)), Task::Tick)),
        }
        queue.check();
        assert_eq!(queue.standing().quarantines, 1);
    }
}

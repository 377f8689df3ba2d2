use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::clock::{Source, Stamp};
use crate::wait::account::Spent;
use crate::wait::books::Books;
use crate::wait::frame::{Frame, Lent};
use crate::wait::hold::{About, Hold};
use crate::wait::unit::Unit;

/// Keeps the books of a unit of work at its polls: two readings of the clock each.
#[derive(Debug)]
pub(crate) struct Meter {
    books: Books,
    waker: Waker,
    /// At home between polls, lent to the thread during them.
    frame: Option<Box<Frame>>,
    polled: bool,
    called: bool,
    /// When the last poll ended.
    last_poll: Option<Stamp>,
    /// The wait for this unit in the books of the one round it.
    outer: Hold,
}

impl Meter {
    pub(crate) fn new(start: Stamp, clock: Source) -> Self {
        let books = Books::new(start, clock);
        let waker = Waker::from(Arc::clone(books.unit()));
        Self {
            frame: Some(Box::new(Frame::new(
                Arc::clone(books.unit()),
                Some(waker.clone()),
            ))),
            books,
            waker,
            polled: false,
            called: false,
            last_poll: None,
            outer: Hold::new(),
        }
    }

    /// Begins anew for a unit that starts at that moment; false if it goes by another clock.
    pub(crate) fn restart(&mut self, start: Stamp, clock: Source) -> bool {
        if let Some(frame) = &mut self.frame {
            frame.restart();
        }
        (self.polled, self.called, self.last_poll) = (false, false, None);
        self.books.restart(start, clock)
    }

    /// Lets go of all others, after it was closed; false if somebody still knows its unit.
    pub(crate) fn rest(&mut self) -> bool {
        self.outer.close();
        // It, its waker, its frame, and the waker in there: nobody else could make more of them.
        Arc::strong_count(self.unit()) == 4
    }

    pub(crate) fn unit(&self) -> &Arc<Unit> {
        self.books.unit()
    }

    /// When the last poll ended, if there was one.
    pub(crate) fn last_poll(&self) -> Option<Stamp> {
        self.last_poll
    }

    /// Runs one poll of the unit.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.begin(Some(cx.waker()));
        self.polled = true;
        let lent = Lent::new(&mut self.frame);
        let polled = poll(&mut Context::from_waker(&self.waker));
        drop(lent);
        match polled {
            Poll::Pending => self.pend(cx.waker()),
            Poll::Ready(_) => self.hand_over(),
        }
        polled
    }

    /// Runs what is a part of the unit and no poll: the call that makes its future, before the first
    /// poll, or the drop of what was polled, after the last.
    pub(crate) fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        // Until something has ended the books are as they were opened: it is busy.
        if self.polled || self.called {
            self.begin(None);
        }
        self.called = true;
        let lent = Lent::new(&mut self.frame);
        let result = f();
        drop(lent);
        if !self.polled {
            let now = self.unit().now();
            self.books.await_first_poll(now);
        }
        result
    }

    /// Closes the books, and says when.
    pub(crate) fn close(&mut self, end: Stamp) -> (Stamp, Spent) {
        self.books.close(end)
    }

    /// What is in the books now.
    pub(crate) fn so_far(&self) -> Spent {
        self.books.spent_until(self.unit().now())
    }

    fn begin(&mut self, task: Option<&Waker>) {
        let touches = self.frame.as_deref().map_or(0, Frame::touches);
        self.books.begin(touches, task);
    }

    /// Until the next poll a unit round this one waits for what this one waits for.
    fn pend(&mut self, task: &Waker) {
        let now = self.poll_ended();
        self.books.pend(now);
        if let Some((other, ticket)) = self.outer.pending(About::UNIT, task, None) {
            self.books.unit().awaited_by(other, ticket);
        } else if self.outer.is_open() {
            self.unit().tell();
        }
    }

    fn poll_ended(&mut self) -> Stamp {
        let now = self.unit().now();
        self.last_poll = Some(now);
        now
    }

    fn hand_over(&mut self) {
        let now = self.poll_ended();
        self.books.hand_over(now);
        if self.outer.close() {
            self.unit().not_awaited();
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.unit().let_go(&mut None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;
    use crate::clock;
    use crate::wait::spare;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Task {
        fn woken(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn new_meter() -> Box<Meter> {
        spare::take(clock::now(), Source::PROCESS)
    }

    /// Polls a unit as a part of that task; what waits in it keeps the waker.
    fn poll(meter: &mut Meter, task: &Arc<Task>) -> Waker {
        let task = Waker::from(Arc::clone(task));
        let mut kept = None;
        let polled: Poll<()> = meter.poll(&mut Context::from_waker(&task), |cx| {
            kept = Some(cx.waker().clone());
            Poll::Pending
        });
        assert!(polled.is_pending());
        kept.unwrap()
    }

    #[test]
    fn a_wake_up_reaches_the_task_once_a_poll() {
        let task = Arc::default();
        let mut meter = new_meter();
        for polls in 1..4 {
            let waker = poll(&mut meter, &task);
            waker.wake_by_ref();
            waker.wake_by_ref();
            assert_eq!(task.woken(), polls);
        }
    }

    #[test]
    fn a_wake_up_during_a_poll_is_passed_on_at_once() {
        let task = Arc::<Task>::default();
        let waker = Waker::from(Arc::clone(&task));
        let mut meter = new_meter();
        let _: Poll<()> = meter.poll(&mut Context::from_waker(&waker), |cx| {
            cx.waker().wake_by_ref();
            assert_eq!(task.woken(), 1);
            Poll::Pending
        });
    }

    #[test]
    fn a_unit_that_moves_to_another_task_wakes_that_one() {
        let (first, second) = (Arc::default(), Arc::default());
        let mut meter = new_meter();
        let before = poll(&mut meter, &first);
        let after = poll(&mut meter, &second);
        assert!(before.will_wake(&after), "one waker for all of its life");
        before.wake();
        assert_eq!((first.woken(), second.woken()), (0, 1));
    }

    #[test]
    fn an_ended_unit_keeps_no_task_and_its_place_is_used_again() {
        let task = Arc::<Task>::default();
        let mut meter = new_meter();
        let _ = poll(&mut meter, &task);
        let place = Arc::as_ptr(meter.unit());
        meter.close(clock::now());
        spare::give(meter);
        assert_eq!(Arc::strong_count(&task), 1);
        assert_eq!(Arc::as_ptr(new_meter().unit()), place);
    }

    #[test]
    fn a_unit_that_somebody_still_knows_is_not_used_again() {
        let task = Arc::default();
        let mut meter = new_meter();
        let late = poll(&mut meter, &task);
        let place = Arc::as_ptr(meter.unit());
        spare::give(meter);
        assert_ne!(Arc::as_ptr(new_meter().unit()), place);
        late.wake();
    }
}

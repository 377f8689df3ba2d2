use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::clock::{self, Stamp};
use crate::wait::account::Spent;
use crate::wait::frame::{Frame, Lent};
use crate::wait::hold::{About, Hold};
use crate::wait::spare;
use crate::wait::unit::Unit;

/// Keeps the books of a unit of work at its polls: two readings of the clock each.
#[derive(Debug)]
pub(crate) struct Meter {
    unit: Arc<Unit>,
    waker: Waker,
    /// At home between polls, lent to the thread during them.
    frame: Option<Frame>,
    polled: bool,
    /// The wait for this unit in the books of the one round it.
    outer: Hold,
}

impl Meter {
    pub(crate) fn new(start: Stamp) -> Self {
        let unit = spare::take(start);
        let waker = Waker::from(Arc::clone(&unit));
        Self {
            frame: Some(Frame::new(Arc::clone(&unit), Some(waker.clone()))),
            unit,
            waker,
            polled: false,
            outer: Hold::new(),
        }
    }

    pub(crate) fn unit(&self) -> &Arc<Unit> {
        &self.unit
    }

    /// Runs one poll of the unit.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.polled = true;
        self.begin(Some(cx.waker()));
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
        self.begin(None);
        let lent = Lent::new(&mut self.frame);
        let result = f();
        drop(lent);
        if !self.polled {
            self.unit.await_first_poll(clock::now());
        }
        result
    }

    /// Closes the books, and says when.
    pub(crate) fn close(&self, end: Stamp) -> (Stamp, Spent) {
        self.unit.close_books(end)
    }

    fn begin(&self, task: Option<&Waker>) {
        let touches = self.frame.as_ref().map_or(0, Frame::touches);
        self.unit.begin(clock::now, touches, task);
    }

    /// Until the next poll a unit round this one waits for what this one waits for.
    fn pend(&mut self, task: &Waker) {
        let leaves = self.unit.pend(clock::now());
        if let Some((other, ticket)) = self.outer.pending(About::UNIT, task, None) {
            self.unit.awaited_by(other, ticket);
        } else if self.outer.is_open() {
            self.unit.tell(leaves);
        }
    }

    fn hand_over(&mut self) {
        self.unit.hand_over(clock::now());
        if self.outer.close() {
            self.unit.not_awaited();
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.frame = None;
        self.waker = Waker::noop().clone();
        spare::give(&mut self.unit);
    }
}

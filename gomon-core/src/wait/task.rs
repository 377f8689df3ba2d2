//! Tasks that a unit of work spawns: what they wait for, the unit waits for while it awaits them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::clock::Source;
use crate::wait::account::Account;
use crate::wait::frame::{self, Frame, Lent};
use crate::wait::hold::{About, Hold};
use crate::wait::unit::Unit;

/// Splits a future that is about to be spawned into what is spawned and what goes into the task's
/// handle. Outside of a unit there is nobody to ask: then the task costs no more than a plain one.
pub(crate) fn task<F>(future: F) -> (Task<F>, Option<JoinWait>) {
    let waits = frame::with(|_| ()).map(|()| Waits::new());
    let join = waits.as_ref().map(|waits| JoinWait::new(&waits.unit));
    (Task { waits, future }, join)
}

/// The same for one of many tasks that are awaited together, once it is known who does.
pub(crate) fn task_of_set<F>(future: F, set: &mut Option<JoinWait>) -> Task<F> {
    if set.is_none() {
        *set = frame::with(|_| ()).map(|()| JoinWait::new(&Arc::new(Unit::pending())));
    }
    let waits = set.as_ref().map(|set| {
        let mut waits = Waits::new();
        let (set, ticket) = waits.of_set.open_in(&set.unit);
        waits.unit.awaited_by(set, ticket);
        waits
    });
    Task { waits, future }
}

pin_project! {
    /// A future whose waits count for whoever awaits its task.
    #[derive(Debug)]
    pub(crate) struct Task<F> {
        waits: Option<Waits>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.waits {
            Some(waits) => waits.poll(cx, |cx| this.future.poll(cx)),
            None => this.future.poll(cx),
        }
    }
}

/// What a task waits for. No books are kept of its time: the clock is read only while its handle is
/// awaited, for the books of whoever does.
#[derive(Debug)]
struct Waits {
    unit: Arc<Unit>,
    /// At home between polls, lent to the thread during them.
    frame: Option<Box<Frame>>,
    /// The wait for this task among those for the tasks of a set.
    of_set: Hold,
}

impl Waits {
    fn new() -> Self {
        let unit = Arc::new(Unit::new(0, Source::PROCESS));
        Self {
            frame: Some(Box::new(Frame::new(Arc::clone(&unit), None))),
            unit,
            of_set: Hold::new(),
        }
    }

    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut touches = 0;
        if let Some(frame) = &mut self.frame {
            frame.poll_with(cx.waker());
            touches = frame.touches();
        }
        self.unit.take_back(&mut None, None);
        self.unit.tell();
        let lent = Lent::new(&mut self.frame);
        let polled = poll(cx);
        drop(lent);
        if polled.is_pending() {
            self.unit.pend(Account::new(0), 0, touches);
            self.unit.tell();
        }
        polled
    }
}

/// The wait for a task or for one of a set, in the books of the unit that awaits its handle.
#[derive(Debug)]
pub(crate) struct JoinWait {
    unit: Arc<Unit>,
    hold: Hold,
}

impl JoinWait {
    fn new(unit: &Arc<Unit>) -> Self {
        Self {
            unit: Arc::clone(unit),
            hold: Hold::new(),
        }
    }

    /// Notes how a poll of the handle went.
    pub(crate) fn note<T>(&mut self, cx: &Context<'_>, polled: &Poll<T>) {
        if polled.is_ready() {
            return self.leave();
        }
        if let Some((other, ticket)) = self.hold.pending(About::UNIT, cx.waker(), None) {
            self.unit.awaited_by(other, ticket);
        }
    }

    fn leave(&mut self) {
        if self.hold.close() {
            self.unit.not_awaited();
        }
    }
}

impl Drop for JoinWait {
    fn drop(&mut self) {
        self.leave();
    }
}

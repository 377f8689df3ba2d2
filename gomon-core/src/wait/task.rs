//! Tasks that a unit of work spawns: what they wait for, the unit waits for while it awaits them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::wait::frame::{self, Frame, Lent};
use crate::wait::hold::{About, Hold};
use crate::wait::leaves::Leaves;
use crate::wait::unit::Unit;

/// Splits a future that is about to be spawned into what is spawned and what goes into the task's
/// handle. Outside of a unit there is nobody to ask: then the task costs no more than a plain one.
pub(crate) fn task<F>(future: F) -> (Task<F>, Option<JoinWait>) {
    let unit = frame::with(|_| ()).map(|()| Arc::new(Unit::new(0)));
    let join = unit.as_ref().map(|unit| JoinWait {
        unit: Arc::clone(unit),
        hold: Hold::new(),
    });
    let waits = unit.map(|unit| Waits {
        frame: Some(Frame::new(Arc::clone(&unit), None)),
        unit,
    });
    (Task { waits, future }, join)
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
    frame: Option<Frame>,
}

impl Waits {
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.unit.tell(Leaves::default());
        if let Some(frame) = &mut self.frame {
            frame.poll_with(cx.waker());
            self.unit.begin(|| 0, frame.touches(), None);
        }
        let lent = Lent::new(&mut self.frame);
        let polled = poll(cx);
        drop(lent);
        if polled.is_pending() {
            let leaves = self.unit.pend(0);
            self.unit.tell(leaves);
        }
        polled
    }
}

/// The wait for a task, in the books of the unit that awaits its handle.
#[derive(Debug)]
pub(crate) struct JoinWait {
    unit: Arc<Unit>,
    hold: Hold,
}

impl JoinWait {
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

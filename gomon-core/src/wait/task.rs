//! Tasks that a unit of work spawns: what they wait for, the unit waits for while it awaits them.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::wait::frame::{self, Frame, Lent};
use crate::wait::hold::{About, Hold};
use crate::wait::leaves::Leaves;
use crate::wait::unit::Unit;

/// The two ends of a task that is about to be spawned: one goes into its future, the other into
/// its handle. `None` outside of a unit, where there is nobody to ask.
pub(crate) fn task() -> Option<(TaskWaits, JoinWait)> {
    frame::with(|_| ())?;
    let unit = Unit::new(0);
    let task = TaskWaits {
        frame: Some(Frame::new(Arc::clone(&unit), None)),
        unit: Arc::clone(&unit),
    };
    let join = JoinWait {
        unit,
        hold: Hold::new(),
    };
    Some((task, join))
}

/// Keeps what a task waits for, for whoever awaits it. It keeps no books: time is read only while
/// somebody does.
#[derive(Debug)]
pub(crate) struct TaskWaits {
    unit: Arc<Unit>,
    /// At home between polls, lent to the thread during them.
    frame: Option<Frame>,
}

impl TaskWaits {
    /// Runs one poll of the task.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.unit.tell(Leaves::default());
        if let Some(frame) = &mut self.frame {
            frame.poll_with(cx.waker());
            self.unit.begin(0, frame.touches());
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
    /// Polls the handle, once.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let polled = poll(cx);
        match polled {
            Poll::Pending => {
                if let Some((other, ticket)) = self.hold.pending(About::UNIT, cx.waker(), None) {
                    self.unit.awaited_by(other, ticket);
                }
            }
            Poll::Ready(_) => self.leave(),
        }
        polled
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

//! The unit that this thread is polling.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::Waker;

use crate::wait::table::{Ticket, Touch};
use crate::wait::unit::Unit;

/// A unit during a poll of it: lent to the thread, so that the futures below find it. It travels boxed: a move is a pointer's.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) unit: Arc<Unit>,
    /// The one that it polls with.
    waker: Option<Waker>,
    /// How many polls of futures behind its waits there were.
    touches: u64,
    /// The innermost wait whose future is being polled.
    inside: Option<Ticket>,
}

impl Frame {
    pub(crate) fn new(unit: Arc<Unit>, waker: Option<Waker>) -> Self {
        Self {
            unit,
            waker,
            touches: 0,
            inside: None,
        }
    }

    /// For another unit in the same place.
    pub(crate) fn restart(&mut self) {
        (self.touches, self.inside) = (0, None);
    }

    pub(crate) fn touches(&self) -> u64 {
        self.touches
    }

    /// From now on it polls with that waker.
    #[cfg(feature = "tokio")]
    pub(crate) fn poll_with(&mut self, waker: &Waker) {
        if !self.is_own(waker) {
            self.waker = Some(waker.clone());
        }
    }

    /// A future behind a wait was polled with that waker.
    pub(crate) fn touch(&mut self, waker: &Waker) -> Touch {
        self.touches += 1;
        Touch {
            number: self.touches,
            by_unit: self.is_own(waker),
        }
    }

    fn is_own(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|own| own.will_wake(waker))
    }

    pub(crate) fn inside(&self) -> Option<Ticket> {
        self.inside
    }
}

/// Runs `f` on the frame that is lent to this thread, if one is. Nothing foreign may run in it.
pub(crate) fn with<R>(f: impl FnOnce(&mut Frame) -> R) -> Option<R> {
    with_lent(|lent| lent.as_deref_mut().map(f)).flatten()
}

/// Makes a wait the innermost one of the frame, until this is dropped.
#[derive(Debug)]
pub(crate) struct Inside {
    before: Option<Ticket>,
    /// How many touches there were before.
    pub(crate) after: u64,
}

impl Inside {
    /// `None` where no unit is polled. A wait that is not open yet is inside of nothing new: what
    /// is touched meanwhile is put inside of it when it opens.
    pub(crate) fn new(ticket: Option<Ticket>) -> Option<Self> {
        with(|frame| {
            let before = frame.inside;
            frame.inside = ticket.or(before);
            Self {
                before,
                after: frame.touches,
            }
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        with(|frame| frame.inside = self.before);
    }
}

/// A frame that is lent to this thread, until this is dropped.
pub(crate) struct Lent<'a> {
    home: &'a mut Option<Box<Frame>>,
    outer: Option<Box<Frame>>,
    lent: bool,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(home: &'a mut Option<Box<Frame>>) -> Self {
        let mut frame = home.take();
        // Where the thread-local is gone already, the frame stays at home and sees no waits.
        let lent = swap(&mut frame);
        let outer = if lent {
            frame
        } else {
            *home = frame;
            None
        };
        Self { home, outer, lent }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if self.lent {
            let mut frame = self.outer.take();
            swap(&mut frame);
            *self.home = frame;
        }
    }
}

fn swap(frame: &mut Option<Box<Frame>>) -> bool {
    with_lent(|lent| std::mem::swap(lent, frame)).is_some()
}

fn with_lent<R>(f: impl FnOnce(&mut Option<Box<Frame>>) -> R) -> Option<R> {
    let result = FRAME.try_with(|frame| frame.try_borrow_mut().ok().map(|mut frame| f(&mut frame)));
    result.ok().flatten()
}

thread_local! {
    static FRAME: RefCell<Option<Box<Frame>>> = const { RefCell::new(None) };
}

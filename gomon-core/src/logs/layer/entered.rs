//! The spans that are entered on a thread, each with the context that was current before.
//!
//! Spans are mostly left in the opposite order, but not always: two guards may be dropped in any
//! order. So each entry knows whose it is, and one that is left below another hands it the context
//! to go back to.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::span::Id;

use super::span::SpanEvent;
use crate::clock::{self, Stamp};
use crate::context::Context;
use crate::hot;

/// A span that was entered.
pub(super) struct Entered {
    layer: u64,
    span: u64,
    /// Current while it is the innermost one.
    own: Context,
    before: Context,
    /// When, if it is an event.
    since: Option<Stamp>,
}

impl Entered {
    pub(super) fn new(layer: u64, id: &Id, event: &SpanEvent) -> Self {
        Self {
            layer,
            span: id.into_u64(),
            own: event.context_inside(Context::current()),
            before: Context::current(),
            since: event.is_recording().then(clock::now),
        }
    }

    fn is(&self, layer: u64, id: &Id) -> bool {
        self.layer == layer && self.span == id.into_u64()
    }
}

/// Makes a span's context the current one. A thread that is ending keeps what it has.
pub(super) fn enter(entered: Entered) {
    let _ = ENTERED.try_with(|stack| {
        if let Ok(mut stack) = stack.try_borrow_mut() {
            if stack.len() == MOST {
                // Guards that are leaked: the oldest is left last, if ever.
                stack.remove(0);
            }
            hot::replace_context(entered.own);
            stack.push(entered);
        }
    });
}

/// Takes a span's context back; since when it was entered, if it is an event.
pub(super) fn exit(layer: u64, id: &Id) -> Option<Stamp> {
    let left = ENTERED.try_with(|stack| {
        let mut stack = stack.try_borrow_mut().ok()?;
        let at = stack.iter().rposition(|entered| entered.is(layer, id))?;
        let left = stack.remove(at);
        match stack.get_mut(at) {
            Some(above) if above.before == left.own => above.before = left.before,
            Some(_) => {}
            // Anything else is somebody's who is still inside, and takes it back itself.
            None if Context::current() == left.own => _ = hot::replace_context(left.before),
            None => {}
        }
        left.since
    });
    left.ok().flatten()
}

/// A number that no other layer has.
pub(super) fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(0);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// Spans inside one another.
const MOST: usize = 1024;

//! Waits that say who waits, where that is known: the program's line, never one of this crate.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;

use gomon_core::wait::{Kind, Wait};

/// A wait of that kind, not open yet.
pub(crate) fn wait(kind: Kind, caller: Option<&'static Location<'static>>) -> Wait {
    match caller {
        Some(caller) => Wait::at(kind, caller),
        None => Wait::new(kind),
    }
}

/// A future whose pending time is a wait of that kind.
pub(crate) async fn on<F: Future>(
    kind: Kind,
    caller: Option<&'static Location<'static>>,
    future: F,
) -> F::Output {
    let (mut wait, mut future) = (wait(kind, caller), pin!(future));
    poll_fn(|cx| wait.poll(cx, |cx| future.as_mut().poll(cx))).await
}

//! Polling a call by hand, on whichever executor runs the test.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::context::Context;

/// A call, and what the host sees of its result.
pub(super) type Call = Pin<Box<dyn Future<Output = String> + Send>>;

/// How a call ended, as the host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Returned(String),
    Panicked(String),
    /// It was still pending when it was left.
    Pending,
}

/// Polls a call to its end, inside of that context.
pub(super) async fn to_its_end(mut call: Call, context: Context) -> Ending {
    let ending = poll_fn(|cx| ended(poll_here(&mut call, context, cx))).await;
    context.enter(|| drop(call));
    ending
}

/// The same on another thread at each poll.
pub(super) async fn across_threads(mut call: Call, context: Context) -> Ending {
    let runtime = tokio::runtime::Handle::try_current().ok();
    let ending = poll_fn(|cx| {
        let (waker, call) = (cx.waker().clone(), &mut call);
        let polled = thread::scope(|scope| {
            let poll = || {
                let _entered = runtime.as_ref().map(tokio::runtime::Handle::enter);
                poll_here(call, context, &mut Waking::from_waker(&waker))
            };
            let started = thread::Builder::new().name("gomon-elsewhere".to_owned());
            match started.spawn_scoped(scope, poll) {
                Ok(thread) => thread.join().unwrap_or_else(Err),
                Err(error) => Err(Box::new(error.to_string()) as Box<dyn Any + Send>),
            }
        });
        ended(polled)
    })
    .await;
    context.enter(|| drop(call));
    ending
}

/// Polls a call a few times, in which it has to stay pending: whoever else has something to do comes in between.
pub(super) async fn until_it_waits(
    mut poll: impl FnMut(&mut Waking<'_>) -> Result<Poll<String>, Box<dyn Any + Send>>,
) -> Ending {
    let mut left = POLLS;
    poll_fn(|cx| match ended(poll(cx)) {
        Poll::Pending if left > 0 => {
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Pending => Poll::Ready(Ending::Pending),
        ready => ready,
    })
    .await
}

/// One poll on this thread, inside of that context.
pub(super) fn poll_here(
    call: &mut Call,
    context: Context,
    cx: &mut Waking<'_>,
) -> Result<Poll<String>, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| {
        context.enter(|| call.as_mut().poll(cx))
    }))
}

fn ended(polled: Result<Poll<String>, Box<dyn Any + Send>>) -> Poll<Ending> {
    match polled {
        Ok(Poll::Ready(seen)) => Poll::Ready(Ending::Returned(seen)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(payload) => {
            let text = payload.downcast_ref::<&'static str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            Poll::Ready(Ending::Panicked(text.unwrap_or("").to_owned()))
        }
    }
}

/// Runs a future on this thread, where no runtime does.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Waking::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// Enough to get past what is there already.
const POLLS: usize = 8;

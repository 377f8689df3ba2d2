use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::wait::frame::Inside;
use crate::wait::hold::{About, Hold};
use crate::wait::kind::Kind;

/// A future whose pending time is a wait of that kind, for the unit of work that polls it.
///
/// ```
/// use gomon_core::wait::{self, Kind};
///
/// # struct Cache;
/// # impl Cache { async fn get(&self, _: &str) -> Option<u32> { None } }
/// # async fn _example(cache: Cache) {
/// let price = wait::on(Kind::Net, cache.get("price")).await;
/// # }
/// ```
#[track_caller]
pub fn on<F: Future>(kind: Kind, future: F) -> On<F> {
    On {
        wait: Wait::at(kind, Location::caller()),
        future,
    }
}

pin_project! {
    /// Returned by [`on`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct On<F> {
        wait: Wait,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for On<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.wait.poll(cx, |cx| this.future.poll(cx))
    }
}

/// The same for what is polled by hand: a stream, a socket, a body.
///
/// It is open from a poll that is pending to the next that is ready, or to its drop. Outside of a
/// unit it does nothing, at the price of a look at a thread-local a poll.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// use futures_util::Stream;
/// use gomon_core::wait::{Kind, Wait};
///
/// struct Rows<S> {
///     inner: S,
///     wait: Wait,
/// }
///
/// impl<S: Stream + Unpin> Stream for Rows<S> {
///     type Item = S::Item;
///
///     fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
///         let this = self.get_mut();
///         this.wait.poll(cx, |cx| Pin::new(&mut this.inner).poll_next(cx))
///     }
/// }
/// # let _rows = Rows { inner: (), wait: Wait::new(Kind::Sql) };
/// ```
#[derive(Debug)]
pub struct Wait {
    about: About,
    hold: Hold,
}

impl Wait {
    /// A wait that is not open.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self::about(kind, None)
    }

    /// A wait that is not open, and says whose it is: the line that called a wrapper, and not that of the wrapper itself.
    #[must_use]
    pub const fn at(kind: Kind, at: &'static Location<'static>) -> Self {
        Self::about(kind, Some(at))
    }

    const fn about(kind: Kind, at: Option<&'static Location<'static>>) -> Self {
        Self {
            about: About {
                kind: Some(kind),
                at,
            },
            hold: Hold::new(),
        }
    }

    /// Polls what it is a wait for, once.
    ///
    /// Waits that open inside of this poll are inside of this wait: they have its time.
    pub fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let inside = Inside::new(self.hold.ticket_here());
        let after = inside.as_ref().map(|inside| inside.after);
        let polled = poll(cx);
        drop(inside);
        if polled.is_ready() {
            self.hold.close();
        } else if after.is_some() {
            self.hold.pending(self.about, cx.waker(), after);
        }
        polled
    }
}

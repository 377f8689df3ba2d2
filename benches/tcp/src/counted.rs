//! Ways to count what passes through a stream.

use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Instant;

use bench_kit::ticks;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose bytes are counted in the way `C`.
pub(crate) struct Counted<S, C> {
    stream: S,
    own: Totals,
    shared: Arc<SharedTotals>,
    way: PhantomData<fn() -> C>,
}

/// In the stream itself: the lower bound.
pub(crate) enum Own {}
/// In atomics that others may read.
pub(crate) enum Shared {}
/// The same, with the time of each call by the tick counter.
pub(crate) enum TimedByTicks {}
/// The same, with the time of each call by std's clock.
pub(crate) enum TimedByClock {}

#[derive(Default)]
struct Totals {
    read: u64,
    written: u64,
}

#[derive(Default)]
struct SharedTotals {
    read: AtomicU64,
    written: AtomicU64,
    time: AtomicU64,
}

/// What is done beside a call.
pub(crate) trait Way {
    /// Whether the counters are the stream's own.
    const IS_OWN: bool = false;

    type Start;

    fn start() -> Self::Start;
    /// Time since the start, when it is measured.
    fn passed(start: Self::Start) -> Option<u64>;
}

impl Way for Own {
    const IS_OWN: bool = true;
    type Start = ();

    fn start() {}

    fn passed((): ()) -> Option<u64> {
        None
    }
}

impl Way for Shared {
    type Start = ();

    fn start() {}

    fn passed((): ()) -> Option<u64> {
        None
    }
}

impl Way for TimedByTicks {
    type Start = u64;

    fn start() -> u64 {
        ticks()
    }

    fn passed(start: u64) -> Option<u64> {
        Some(ticks().wrapping_sub(start))
    }
}

impl Way for TimedByClock {
    type Start = Instant;

    #[expect(clippy::disallowed_methods, reason = "std's clock is what is measured")]
    fn start() -> Instant {
        Instant::now()
    }

    fn passed(start: Instant) -> Option<u64> {
        u64::try_from(start.elapsed().as_nanos()).ok()
    }
}

impl<S, C: Way> Counted<S, C> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            own: Totals::default(),
            shared: Arc::default(),
            way: PhantomData,
        }
    }

    fn add_time(&self, start: C::Start) {
        if let Some(passed) = C::passed(start) {
            self.shared.time.fetch_add(passed, Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin, C: Way> AsyncRead for Counted<S, C> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (start, before) = (C::start(), buffer.filled().len());
        let result = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let bytes = (buffer.filled().len() - before) as u64;
        if C::IS_OWN {
            this.own.read += bytes;
        } else {
            this.shared.read.fetch_add(bytes, Relaxed);
        }
        this.add_time(start);
        result
    }
}

impl<S: AsyncWrite + Unpin, C: Way> AsyncWrite for Counted<S, C> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let start = C::start();
        let result = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = result {
            if C::IS_OWN {
                this.own.written += count as u64;
            } else {
                this.shared.written.fetch_add(count as u64, Relaxed);
            }
        }
        this.add_time(start);
        result
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

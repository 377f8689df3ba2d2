//! tokio's timers, which tell the unit of work that polls them what it waits for: see
//! [`wait`](crate::wait).
//!
//! Signatures, panics and cancel safety are tokio's. [`sleep`], [`sleep_until`] and an
//! [`Interval`]'s ticks are waits of the kind [`Sleep`](Kind::Sleep). A [`timeout`] is not: its
//! time belongs to what it limits. Monitored futures that it cuts short are
//! [`TimedOut`](crate::Outcome::TimedOut).

use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
pub use tokio::time::error::Elapsed;
pub use tokio::time::{Duration, Instant, MissedTickBehavior};

use crate::tracker::cut_short;
use crate::wait::{Kind, On, Wait, on};

/// Waits for that long: [`tokio::time::sleep`].
///
/// # Panics
///
/// Outside of a tokio runtime with its timers enabled.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use gomon_core::FutureExt;
/// use gomon_core::time::{Duration, sleep};
///
/// sleep(Duration::from_millis(1)).monitored("nap").await; // {"wait": {"sleep": 1…}}
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::new(tokio::time::sleep(duration))
}

/// Waits for that moment: [`tokio::time::sleep_until`].
///
/// # Panics
///
/// Outside of a tokio runtime with its timers enabled.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(tokio::time::sleep_until(deadline))
}

pin_project! {
    /// Returned by [`sleep`] and [`sleep_until`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        #[pin]
        inner: tokio::time::Sleep,
        wait: Wait,
    }
}

impl Sleep {
    #[track_caller]
    fn new(inner: tokio::time::Sleep) -> Self {
        Self {
            inner,
            wait: Wait::at(Kind::Sleep, Location::caller()),
        }
    }

    /// When it is over.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.inner.deadline()
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.inner.is_elapsed()
    }

    /// Lets it be over at another time; whether it is over already does not matter.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().inner.reset(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.wait.poll(cx, |cx| this.inner.poll(cx))
    }
}

/// Lets a future take no longer than that: [`tokio::time::timeout`].
///
/// When time is up the future is dropped. By that, [`monitored`](crate::FutureExt::monitored)
/// futures in it and what an [`EndGuard`](crate::EndGuard) holds end as
/// [`TimedOut`](crate::Outcome::TimedOut). A plain [`EventTracker`](crate::EventTracker) ends as what
/// was marked, [`Completed`](crate::Outcome::Completed) by default.
///
/// # Panics
///
/// Outside of a tokio runtime with its timers enabled.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use gomon_core::time::{Duration, timeout};
///
/// let late = timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
/// assert!(late.is_err());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        inner: Some(tokio::time::timeout(duration, future)),
    }
}

/// Lets a future take no longer than until that moment: [`tokio::time::timeout_at`].
///
/// # Panics
///
/// Outside of a tokio runtime with its timers enabled.
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        inner: Some(tokio::time::timeout_at(deadline, future)),
    }
}

pin_project! {
    /// Returned by [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        // `None` once time was up.
        #[pin]
        inner: Option<tokio::time::Timeout<F>>,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.project().inner;
        let Some(timeout) = inner.as_mut().as_pin_mut() else {
            // Time was up, and this is polled once more: it never is again.
            return Poll::Pending;
        };
        let polled = timeout.poll(cx);
        if let Poll::Ready(Err(_)) = polled {
            cut_short::at_deadline(|| inner.set(None));
        }
        polled
    }
}

/// Ticks at once, and then with that period: [`tokio::time::interval`].
///
/// # Panics
///
/// If the period is zero, or outside of a tokio runtime with its timers enabled.
#[must_use]
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    Interval::new(tokio::time::interval(period))
}

/// Ticks first at that moment, and then with that period: [`tokio::time::interval_at`].
///
/// # Panics
///
/// If the period is zero, or outside of a tokio runtime with its timers enabled.
#[must_use]
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval::new(tokio::time::interval_at(start, period))
}

/// Returned by [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    inner: tokio::time::Interval,
    wait: Wait,
}

impl Interval {
    #[track_caller]
    fn new(inner: tokio::time::Interval) -> Self {
        Self {
            inner,
            wait: Wait::at(Kind::Sleep, Location::caller()),
        }
    }

    /// Waits for the next tick, and says when it was due. Dropped before, no tick is lost.
    #[track_caller]
    pub fn tick(&mut self) -> On<impl Future<Output = Instant>> {
        on(Kind::Sleep, self.inner.tick())
    }

    /// Polls for the next tick.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let inner = &mut self.inner;
        self.wait.poll(cx, |cx| inner.poll_tick(cx))
    }

    /// Lets the next tick be one period from now.
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// Lets the next tick be now.
    pub fn reset_immediately(&mut self) {
        self.inner.reset_immediately();
    }

    /// Lets the next tick be that long from now.
    pub fn reset_after(&mut self, after: Duration) {
        self.inner.reset_after(after);
    }

    /// Lets the next tick be at that moment.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.inner.reset_at(deadline);
    }

    /// What happens to ticks that nobody took in time.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.inner.missed_tick_behavior()
    }

    /// Sets it; [`MissedTickBehavior::Burst`] by default.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.inner.set_missed_tick_behavior(behavior);
    }

    /// Its period.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.inner.period()
    }
}

//! Whether a connection has a request, and since when it has none.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

/// Shared by a connection and the requests it has.
#[derive(Clone, Debug)]
pub(crate) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    requests: usize,
    /// When the last one was answered, or the connection began.
    since: Instant,
}

/// A request that is not answered yet.
#[derive(Debug)]
pub(crate) struct InFlight(Activity);

impl Activity {
    pub(crate) fn new() -> Self {
        let since = Instant::now();
        Self(Arc::new(Mutex::new(State { requests: 0, since })))
    }

    pub(crate) fn request(&self) -> InFlight {
        self.0.lock().requests += 1;
        InFlight(self.clone())
    }

    /// Resolves once there was no request for so long.
    pub(crate) async fn idle_for(&self, limit: Duration) {
        loop {
            let left = match &*self.0.lock() {
                State { requests: 1.., .. } => limit,
                State { since, .. } => limit.saturating_sub(since.elapsed()),
            };
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.requests -= 1;
        state.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_from_its_last_answer_on() {
        let activity = Activity::new();
        let limit = Duration::from_secs(10);
        let mut idle = pin!(activity.idle_for(limit));
        let request = activity.request();
        sleep(Duration::from_secs(25)).await;
        let mut cx = Context::from_waker(Waker::noop());
        assert!(idle.as_mut().poll(&mut cx).is_pending());
        drop(request);
        let answered = Instant::now();
        idle.await;
        assert!(answered.elapsed() >= limit && answered.elapsed() < 2 * limit);
    }
}

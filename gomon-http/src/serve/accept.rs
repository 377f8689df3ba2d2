//! Accepting connections for as long as it takes.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use gomon_core::conn::{Accept, Accepted};

/// The next connection, however often accepting fails before.
///
/// A connection that died in the queue is no reason to wait. Other errors, such as too many open
/// files, come back at once when asked again: a short pause, twice as long each time, keeps them
/// from eating a core.
pub(crate) async fn next<A: Accept>(accept: &mut A) -> Accepted<A::Io> {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match accept.accept().await {
            Ok(accepted) => return accepted,
            // Lets others run: a flood of such connections never waits.
            Err(error) if is_of_the_connection(&error) => tokio::task::yield_now().await,
            Err(_) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// The future's output, or nothing if the signal came first.
pub(crate) async fn until<T>(
    mut signal: Pin<&mut impl Future<Output = ()>>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match signal.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => future.as_mut().poll(cx).map(Some),
    })
    .await
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

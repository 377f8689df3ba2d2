//! tokio's spawning, with the context carried over.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::context::Context;
use crate::context::future::FutureExt;

/// [`tokio::spawn`] with the current context: events of the task are children of what spawned it.
///
/// # Panics
///
/// Outside a tokio runtime, as [`tokio::spawn`] does.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.in_current())
}

/// [`tokio::task::spawn_blocking`] with the current context.
///
/// # Panics
///
/// Outside a tokio runtime, as [`tokio::task::spawn_blocking`] does.
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let context = Context::current();
    tokio::task::spawn_blocking(move || context.enter(f))
}

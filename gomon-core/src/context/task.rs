//! tokio's spawning, with the context carried over.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use tokio::task::{AbortHandle, Id, JoinError};

use crate::context::Context;
use crate::context::future::FutureExt;
use crate::wait::task::{JoinWait, task};

/// [`tokio::spawn`] with the current context: events of the task are children of what spawned it.
///
/// ```
/// use gomon_core::{EventTracker, spawn};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let task = spawn(async {
///     EventTracker::new("resize").finish(); // a child of what is current here
///     7
/// });
/// assert_eq!(task.await?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// Outside a tokio runtime, as [`tokio::spawn`] does.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (task, join) = task(future.in_current());
    JoinHandle {
        task: tokio::spawn(task),
        join,
    }
}

/// [`tokio::task::spawn_local`] with the current context.
///
/// # Panics
///
/// Outside a [`LocalSet`](tokio::task::LocalSet), as [`tokio::task::spawn_local`] does.
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let (task, join) = task(future.in_current());
    JoinHandle {
        task: tokio::task::spawn_local(task),
        join,
    }
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
    tokio::task::spawn_blocking(Context::current().carry(f)).into()
}

/// A task that was spawned with its context: [`tokio::task::JoinHandle`] with another name, and
/// with its semantics. Awaiting it gives what the task returned; dropping it detaches the task.
///
/// While the unit of work that spawned the task awaits it, what the task waits for is what the unit
/// waits for: see [`wait`](crate::wait).
///
/// # Cancel safety
///
/// Awaiting `&mut handle` in `tokio::select!` is cancel safe: when another branch wins, the output
/// of the task is not lost.
pub struct JoinHandle<T> {
    task: tokio::task::JoinHandle<T>,
    /// What the task waits for, the unit of work that awaits it waits for.
    join: Option<JoinWait>,
}

impl<T> JoinHandle<T> {
    /// Asks the task to end at its next await point; a blocking call that has begun goes on.
    ///
    /// By that, [`monitored`](crate::FutureExt::monitored) futures in it and what an
    /// [`EndGuard`](crate::EndGuard) holds end as `cancelled`. A plain
    /// [`EventTracker`](crate::EventTracker) ends as what was marked, `completed` by default.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Something that can abort the task, and outlives this handle.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.task.abort_handle()
    }

    /// Whether the task has ended, in whichever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// The task's number in its runtime, unique among those that run.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// tokio's own handle, for functions that ask for it.
    #[must_use]
    pub fn into_inner(self) -> tokio::task::JoinHandle<T> {
        self.task
    }
}

impl<T> From<tokio::task::JoinHandle<T>> for JoinHandle<T> {
    fn from(task: tokio::task::JoinHandle<T>) -> Self {
        Self { task, join: None }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.task).poll(cx);
        if let Some(join) = &mut self.join {
            join.note(cx, &polled);
        }
        polled
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.task.id())
            .finish_non_exhaustive()
    }
}

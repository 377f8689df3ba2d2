//! tokio's set of tasks, with the context carried over.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context as TaskContext, Poll};

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, Id, JoinError, LocalSet};

use crate::context::Context;
use crate::context::future::FutureExt;
use crate::wait::task::{JoinWait, task_of_set};

/// [`tokio::task::JoinSet`] whose tasks carry the context in which they were spawned; for the rest
/// it is the same, but for what tokio calls unstable. Dropping it aborts all its tasks.
///
/// While the unit of work that spawned the first of them awaits one, what the tasks wait for is what
/// the unit waits for, in equal shares, as far as eight of them are concerned: see
/// [`wait`](crate::wait).
///
/// ```
/// use gomon_core::{EventTracker, JoinSet};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut pages = JoinSet::new();
/// for page in 0..3 {
///     pages.spawn(async move {
///         EventTracker::new("fetch-page").set("page", page); // a child of what is current here
///         page
///     });
/// }
/// let mut sum = 0;
/// while let Some(page) = pages.join_next().await {
///     sum += page?;
/// }
/// assert_eq!(sum, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JoinSet<T> {
    tasks: tokio::task::JoinSet<T>,
    /// What the tasks wait for, the unit of work that awaits one of them waits for.
    join: Option<JoinWait>,
}

impl<T> JoinSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tasks: tokio::task::JoinSet::new(),
            join: None,
        }
    }

    /// How many tasks it holds, ended or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task into the set, as [`spawn`](crate::spawn) does.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let task = task_of_set(future.in_current(), &mut self.join);
        self.tasks.spawn(task)
    }

    /// The same in a runtime that need not be the current one.
    pub fn spawn_on<F>(&mut self, future: F, runtime: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let task = task_of_set(future.in_current(), &mut self.join);
        self.tasks.spawn_on(task, runtime)
    }

    /// Spawns a task of this thread into the set, as [`spawn_local`](crate::spawn_local) does.
    ///
    /// # Panics
    ///
    /// Outside a [`LocalSet`](tokio::task::LocalSet).
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let task = task_of_set(future.in_current(), &mut self.join);
        self.tasks.spawn_local(task)
    }

    /// The same in a [`LocalSet`] that need not run yet.
    pub fn spawn_local_on<F>(&mut self, future: F, local: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let task = task_of_set(future.in_current(), &mut self.join);
        self.tasks.spawn_local_on(task, local)
    }

    /// Spawns a blocking call into the set, as [`spawn_blocking`](crate::spawn_blocking) does.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.tasks.spawn_blocking(Context::current().carry(f))
    }

    /// The same in a runtime that need not be the current one.
    pub fn spawn_blocking_on<F>(&mut self, f: F, runtime: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let call = Context::current().carry(f);
        self.tasks.spawn_blocking_on(call, runtime)
    }

    /// Waits for the next task to end; `None` if the set is empty.
    ///
    /// # Errors
    ///
    /// The task panicked or was aborted.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped before it is ready.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// The same, with the number of the task.
    ///
    /// # Errors
    ///
    /// The task panicked or was aborted; the error has its number.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped before it is ready.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// A task that has ended already, if there is one.
    ///
    /// # Errors
    ///
    /// The task panicked or was aborted.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.tasks.try_join_next()
    }

    /// The same, with the number of the task.
    ///
    /// # Errors
    ///
    /// The task panicked or was aborted; the error has its number.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.tasks.try_join_next_with_id()
    }

    /// [`join_next`](Self::join_next) for those who poll by hand.
    ///
    /// # Errors
    ///
    /// The task panicked or was aborted.
    pub fn poll_join_next(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<T, JoinError>>> {
        let polled = self.tasks.poll_join_next(cx);
        noted(&mut self.join, cx, polled)
    }

    /// [`join_next_with_id`](Self::join_next_with_id) for those who poll by hand.
    ///
    /// # Errors
    ///
    /// The task panicked or was aborted; the error has its number.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        let polled = self.tasks.poll_join_next_with_id(cx);
        noted(&mut self.join, cx, polled)
    }

    /// Waits for all tasks; their results come in the order in which they ended.
    ///
    /// # Panics
    ///
    /// If a task did, with its payload, or if one was aborted.
    pub async fn join_all(self) -> Vec<T> {
        let Self { tasks, mut join } = self;
        let mut all = pin!(tasks.join_all());
        poll_fn(|cx| {
            let polled = all.as_mut().poll(cx);
            noted(&mut join, cx, polled)
        })
        .await
    }

    /// Asks all tasks to end; [`join_next`](Self::join_next) still returns each of them.
    pub fn abort_all(&mut self) {
        self.tasks.abort_all();
    }

    /// Lets all tasks go on without the set, which is empty afterwards.
    pub fn detach_all(&mut self) {
        self.tasks.detach_all();
    }

    /// Aborts all tasks and waits until they have ended.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }
}

fn noted<R>(join: &mut Option<JoinWait>, cx: &TaskContext<'_>, polled: Poll<R>) -> Poll<R> {
    if let Some(join) = join {
        join.note(cx, &polled);
    }
    polled
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// Spawns each future into a new set.
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        for future in futures {
            set.spawn(future);
        }
        set
    }
}

use std::future::Future;
use std::ops::{Deref, DerefMut};

use crate::context::Context;
use crate::context::future::{FutureExt, InContext};

/// What came through a channel, and the context it was sent in: what its receiver does for it can
/// be a child of what sent it.
///
/// It is the value for whoever only looks at it.
///
/// ```
/// # async fn _example() -> Option<()> {
/// use gomon_core::EventTracker;
///
/// let (sender, mut orders) = gomon_core::sync::mpsc::channel(16);
/// # sender.try_send(("ada", 3)).ok()?;
/// let order = orders.recv().await?;
/// assert_eq!(order.0, "ada");
/// order.enter(|(_name, count)| {
///     EventTracker::new("pack").set("count", count); // a child of the event that sent the order
/// });
/// # Some(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it holds the value that was sent"]
pub struct Message<T> {
    value: T,
    context: Context,
}

impl<T> Message<T> {
    /// A value that is sent in the current context; for channels of your own.
    pub fn new(value: T) -> Self {
        Self {
            value,
            context: Context::current(),
        }
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The value and the context it was sent in.
    pub fn into_parts(self) -> (T, Context) {
        (self.value, self.context)
    }

    /// The context it was sent in.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// Hands the value to `f`, in the context it was sent in.
    pub fn enter<R>(self, f: impl FnOnce(T) -> R) -> R {
        let Self { value, context } = self;
        context.enter(|| f(value))
    }

    /// Hands the value to `f`; the future that this returns is polled in the context the value was
    /// sent in.
    pub fn scope<F: Future>(self, f: impl FnOnce(T) -> F) -> InContext<F> {
        let context = self.context;
        self.enter(f).in_context(context)
    }
}

impl<T> Deref for Message<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Message<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

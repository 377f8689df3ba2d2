use std::future::Future;

use tokio::sync::{MutexGuard, TryLockError};

use crate::wait::{Kind, On, on};

/// [`tokio::sync::Mutex`], whose waiters are known to wait for a lock.
///
/// ```
/// # async fn _example() {
/// use gomon_core::sync::Mutex;
///
/// let stock = Mutex::new(3);
/// *stock.lock().await -= 1;
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Mutex<T: ?Sized> {
    inner: tokio::sync::Mutex<T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            inner: tokio::sync::Mutex::new(value),
        }
    }

    /// An unlocked mutex, for a `static`.
    #[must_use]
    pub const fn const_new(value: T) -> Self {
        Self {
            inner: tokio::sync::Mutex::const_new(value),
        }
    }

    /// The value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks it, when its turn has come. Dropped before, it loses its place in the queue.
    #[track_caller]
    pub fn lock(&self) -> On<impl Future<Output = MutexGuard<'_, T>>> {
        on(Kind::Lock, self.inner.lock())
    }

    /// Locks it, and blocks the thread until then.
    ///
    /// # Panics
    ///
    /// Inside of an async context, where it must not block.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        self.inner.blocking_lock()
    }

    /// Locks it now.
    ///
    /// # Errors
    ///
    /// If it is locked.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        self.inner.try_lock()
    }

    /// The value; nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

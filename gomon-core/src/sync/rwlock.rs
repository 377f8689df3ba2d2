use std::future::Future;

use tokio::sync::{RwLockReadGuard, RwLockWriteGuard, TryLockError};

use crate::wait::{Kind, On, on};

/// [`tokio::sync::RwLock`], whose waiters are known to wait for a lock.
///
/// ```
/// # async fn _example() {
/// use gomon_core::sync::RwLock;
///
/// let prices = RwLock::new(vec![3]);
/// prices.write().await.push(4);
/// assert_eq!(prices.read().await.len(), 2);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct RwLock<T: ?Sized> {
    inner: tokio::sync::RwLock<T>,
}

impl<T> RwLock<T> {
    /// An unlocked lock.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            inner: tokio::sync::RwLock::new(value),
        }
    }

    /// An unlocked lock, for a `static`.
    #[must_use]
    pub const fn const_new(value: T) -> Self {
        Self {
            inner: tokio::sync::RwLock::const_new(value),
        }
    }

    /// An unlocked lock with a limit on how many read at once.
    ///
    /// # Panics
    ///
    /// If the limit is past 2^29 - 1.
    #[must_use]
    pub fn with_max_readers(value: T, max_readers: u32) -> Self {
        Self {
            inner: tokio::sync::RwLock::with_max_readers(value, max_readers),
        }
    }

    /// The value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks it for reading, when its turn has come. Dropped before, it loses its place in the
    /// queue.
    #[track_caller]
    pub fn read(&self) -> On<impl Future<Output = RwLockReadGuard<'_, T>>> {
        on(Kind::Lock, self.inner.read())
    }

    /// Locks it for writing, when its turn has come. Dropped before, it loses its place in the
    /// queue.
    #[track_caller]
    pub fn write(&self) -> On<impl Future<Output = RwLockWriteGuard<'_, T>>> {
        on(Kind::Lock, self.inner.write())
    }

    /// Locks it for reading, and blocks the thread until then.
    ///
    /// # Panics
    ///
    /// Inside of an async context, where it must not block.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        self.inner.blocking_read()
    }

    /// Locks it for writing, and blocks the thread until then.
    ///
    /// # Panics
    ///
    /// Inside of an async context, where it must not block.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        self.inner.blocking_write()
    }

    /// Locks it for reading now.
    ///
    /// # Errors
    ///
    /// If somebody writes, or waits to.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.inner.try_read()
    }

    /// Locks it for writing now.
    ///
    /// # Errors
    ///
    /// If it is locked.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.inner.try_write()
    }

    /// The value; nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

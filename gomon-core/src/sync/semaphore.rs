use std::future::Future;
use std::sync::Arc;

use tokio::sync::{AcquireError, SemaphorePermit, TryAcquireError};

use crate::wait::{Kind, On, on};

/// [`tokio::sync::Semaphore`], whose waiters are known to wait for a lock.
///
/// ```
/// # async fn _example() -> Result<(), gomon_core::sync::AcquireError> {
/// use gomon_core::sync::Semaphore;
///
/// let exports = Semaphore::new(2); // at most two at once
/// let _permit = exports.acquire().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Semaphore {
    inner: tokio::sync::Semaphore,
}

impl Semaphore {
    /// The most permits there can be.
    pub const MAX_PERMITS: usize = tokio::sync::Semaphore::MAX_PERMITS;

    /// A semaphore with so many permits.
    ///
    /// # Panics
    ///
    /// If they are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Self {
            inner: tokio::sync::Semaphore::new(permits),
        }
    }

    /// The same, for a `static`.
    ///
    /// # Panics
    ///
    /// If they are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[must_use]
    pub const fn const_new(permits: usize) -> Self {
        Self {
            inner: tokio::sync::Semaphore::const_new(permits),
        }
    }

    /// Takes a permit, when its turn has come. Dropped before, it loses its place in the queue.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire(&self) -> On<impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>>> {
        on(Kind::Lock, self.inner.acquire())
    }

    /// Takes so many permits at once, when its turn has come.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many(
        &self,
        permits: u32,
    ) -> On<impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>>> {
        on(Kind::Lock, self.inner.acquire_many(permits))
    }

    /// Takes a permit that may go anywhere, when its turn has come.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
    ) -> On<impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>>> {
        self.acquire_many_owned(1)
    }

    /// Takes so many permits at once that may go anywhere, when its turn has come.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        permits: u32,
    ) -> On<impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>>> {
        on(Kind::Lock, async move {
            self.inner.acquire_many(permits).await?.forget();
            Ok(OwnedSemaphorePermit {
                semaphore: self,
                permits,
            })
        })
    }

    /// Takes a permit now.
    ///
    /// # Errors
    ///
    /// If there is none, or the semaphore is closed.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.inner.try_acquire()
    }

    /// Takes so many permits now.
    ///
    /// # Errors
    ///
    /// If there are fewer, or the semaphore is closed.
    pub fn try_acquire_many(&self, permits: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.inner.try_acquire_many(permits)
    }

    /// Takes a permit now that may go anywhere.
    ///
    /// # Errors
    ///
    /// If there is none, or the semaphore is closed.
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Takes so many permits now that may go anywhere.
    ///
    /// # Errors
    ///
    /// If there are fewer, or the semaphore is closed.
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.inner.try_acquire_many(permits)?.forget();
        Ok(OwnedSemaphorePermit {
            semaphore: self,
            permits,
        })
    }

    /// How many permits are left.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.inner.available_permits()
    }

    /// Adds permits.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS) then.
    pub fn add_permits(&self, permits: usize) {
        self.inner.add_permits(permits);
    }

    /// Takes away up to so many of the permits that are left, for good, and says how many.
    #[must_use = "there may have been fewer"]
    pub fn forget_permits(&self, permits: usize) -> usize {
        self.inner.forget_permits(permits)
    }

    /// From now on nobody gets a permit.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
}

/// Permits of a [`Semaphore`] that keep it alive; they are given back when this is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, the permits are given back at once"]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: u32,
}

impl OwnedSemaphorePermit {
    /// Never gives the permits back.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes the permits of another one over.
    ///
    /// # Errors
    ///
    /// If that is of another semaphore: it is handed back.
    pub fn merge(&mut self, mut other: Self) -> Result<(), Self> {
        if !Arc::ptr_eq(&self.semaphore, &other.semaphore) {
            return Err(other);
        }
        self.permits += std::mem::take(&mut other.permits);
        Ok(())
    }

    /// Parts with so many of its permits; `None` if it has fewer.
    pub fn split(&mut self, permits: usize) -> Option<Self> {
        let permits = u32::try_from(permits).ok()?;
        self.permits = self.permits.checked_sub(permits)?;
        Some(Self {
            semaphore: Arc::clone(&self.semaphore),
            permits,
        })
    }

    /// The semaphore that they are of.
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// How many they are.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        usize::try_from(self.permits).unwrap_or(usize::MAX)
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.add_permits(self.num_permits());
    }
}

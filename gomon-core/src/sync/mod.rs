//! tokio's locks and channels, which tell the unit of work that polls them what it waits for: see
//! [`wait`](crate::wait). The channels also carry the sender's context along, in a
//! [`Message`](crate::Message).
//!
//! They are thin: signatures, fairness, panics and cancel safety are tokio's, and so are the guards
//! and errors. Waiting for a lock or a permit is a wait of the kind [`Lock`](crate::wait::Kind::Lock),
//! waiting for a message or for room one of the kind [`Channel`](crate::wait::Kind::Channel); the
//! `blocking_…` methods block the thread as tokio's do, and are no waits. Outside of a unit they
//! cost what tokio's cost, and a look at a thread-local a poll.
//!
//! What tokio has and these have not: owned guards of [`Mutex`] and [`RwLock`]; unbounded channels;
//! of [`mpsc`] `reserve_many`, `reserve_owned` and their kin, `recv_many` that blocks or is polled,
//! and counts of senders; of [`Semaphore`] what blocks; `watch`, `broadcast`, `Notify`, `Barrier`, `OnceCell` and `SetOnce`. Use
//! tokio's and let [`wait::on`](crate::wait::on) name the wait. One thing differs:
//! [`OwnedSemaphorePermit::merge`] hands a permit of another semaphore back, where tokio's panics.

pub mod mpsc;
mod mutex;
pub mod oneshot;
mod rwlock;
mod semaphore;

pub use mutex::Mutex;
pub use rwlock::RwLock;
pub use semaphore::{OwnedSemaphorePermit, Semaphore};
pub use tokio::sync::{
    AcquireError, MappedMutexGuard, MutexGuard, RwLockMappedWriteGuard, RwLockReadGuard,
    RwLockWriteGuard, SemaphorePermit, TryAcquireError, TryLockError,
};

//! The standard library's threads, with the context carried over: events of a thread are children
//! of what spawned it.
//!
//! ```
//! use gomon_core::{EventTracker, thread};
//!
//! let mut import = EventTracker::new("import");
//! let rows = import.enter(|| {
//!     let parser = thread::Builder::new().name("parser".into()).spawn(|| {
//!         EventTracker::new("parse").finish(); // a child of "import"
//!         3
//!     })?;
//!     Ok::<_, std::io::Error>(parser.join().unwrap_or(0))
//! })?;
//! assert_eq!(rows, 3);
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io;
pub use std::thread::{JoinHandle, ScopedJoinHandle};

use crate::context::Context;

/// [`std::thread::spawn`] with the current context. [`Builder`] gives the thread a name.
///
/// # Panics
///
/// If the system starts no thread, as [`std::thread::spawn`] does.
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's thread, without a name by the caller's choice"
    )]
    std::thread::spawn(Context::current().carry(f))
}

/// [`std::thread::Builder`] whose threads carry the context in which they are spawned.
#[derive(Debug)]
#[must_use = "a builder starts no thread until it is told to spawn"]
pub struct Builder {
    inner: std::thread::Builder,
}

impl Builder {
    /// A thread without a name, with the stack that std gives.
    pub fn new() -> Self {
        Self {
            inner: std::thread::Builder::new(),
        }
    }

    /// Names the thread, for panics and debuggers. By default it has no name.
    ///
    /// # Panics
    ///
    /// When it is spawned, if the name holds a zero byte, as with std's builder.
    pub fn name(self, name: String) -> Self {
        Self {
            inner: self.inner.name(name),
        }
    }

    /// The size of the stack in bytes. By default 2 MiB, or what `RUST_MIN_STACK` says.
    pub fn stack_size(self, bytes: usize) -> Self {
        Self {
            inner: self.inner.stack_size(bytes),
        }
    }

    /// Spawns the thread with the current context.
    ///
    /// # Errors
    ///
    /// The system started no thread.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.inner.spawn(Context::current().carry(f))
    }

    /// Spawns a thread that ends before its scope does, with the current context.
    ///
    /// # Errors
    ///
    /// The system started no thread.
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.inner
            .spawn_scoped(scope.inner, Context::current().carry(f))
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// [`std::thread::scope`] whose threads carry the context: they may borrow what lives outside, and
/// all of them have ended when it returns.
///
/// ```
/// use gomon_core::{EventTracker, thread};
///
/// let rows = [1, 2, 3];
/// let sum: i32 = thread::scope(|s| {
///     let half = s.spawn(|| {
///         EventTracker::new("sum").finish(); // a child of what is current here
///         rows[..2].iter().sum::<i32>()
///     });
///     rows[2] + half.join().unwrap_or(0)
/// });
/// assert_eq!(sum, 6);
/// ```
///
/// # Panics
///
/// If a thread that was not joined panicked, as [`std::thread::scope`] does.
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(Scope<'scope, 'env>) -> T,
{
    std::thread::scope(|inner| f(Scope { inner }))
}

/// Where [`scope`] spawns its threads. It is a copy: a thread that spawns others into the same
/// scope takes it along with `move`.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'scope, 'env> {
    inner: &'scope std::thread::Scope<'scope, 'env>,
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a thread into the scope with the current context.
    ///
    /// # Panics
    ///
    /// If the system starts no thread, as std's does.
    pub fn spawn<F, T>(self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.inner.spawn(Context::current().carry(f))
    }
}

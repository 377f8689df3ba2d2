//! What a thread has allocated, where the program's allocator counts it.
//!
//! An allocator keeps counters for each thread, which that thread alone writes, and
//! [`provide`]s what reads them: counting costs nothing more by this, and reading two loads.
//! `gomon_runtime::MonitoredAlloc` does so.

use std::sync::OnceLock;

use crate::event::value::Tree;
use crate::keys;

/// Allocations of a thread since some time before: of use are differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// How many succeeded.
    pub count: u64,
    /// Bytes that these asked for.
    pub bytes: u64,
}

impl Allocations {
    /// What came after an earlier reading on the same thread. The counters may wrap around.
    ///
    /// ```
    /// use gomon_core::meter::Allocations;
    ///
    /// let earlier = Allocations { count: 1, bytes: 10 };
    /// let now = Allocations { count: 3, bytes: 90 };
    /// assert_eq!(now.since(earlier), Allocations { count: 2, bytes: 80 });
    /// ```
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            count: self.count.wrapping_sub(earlier.count),
            bytes: self.bytes.wrapping_sub(earlier.bytes),
        }
    }
}

impl Allocations {
    /// As an attribute of an event.
    pub(crate) fn tree(self) -> Tree {
        let Self { count, bytes } = self;
        Tree::map()
            .with(keys::COUNT, count)
            .with(keys::BYTES, bytes)
    }
}

/// What the running thread has allocated; `None` where the program's allocator does not count, or
/// not for this thread alone.
///
/// ```
/// // In a program without `MonitoredAlloc`:
/// assert_eq!(gomon_core::meter::thread(), None);
/// ```
#[must_use]
pub fn thread() -> Option<Allocations> {
    SOURCE.get()?()
}

/// Says how to read the running thread's counters; the first source stays. For allocators: neither
/// this nor the source may be called with the allocator's locks held, and the source must not
/// allocate.
pub fn provide(source: fn() -> Option<Allocations>) {
    let _ = SOURCE.set(source);
}

static SOURCE: OnceLock<fn() -> Option<Allocations>> = OnceLock::new();

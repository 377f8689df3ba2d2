//! What each thread has that must work to the thread's very end: its context, its random numbers,
//! and whether it is one of gomon's own.

use std::cell::Cell;

use crate::clock::{self, Stamp};
use crate::context::Context;

/// All of it in one place, without a destructor: it works in the destructors of other
/// thread-locals too.
pub(crate) struct Hot {
    pub(crate) context: Cell<Context>,
    random: Cell<u64>,
    /// Milliseconds of Unix time, and the stamps for which they hold: from one to before the other.
    millis: Cell<(Stamp, Stamp, u64)>,
    own: Cell<bool>,
    /// A panic was noted, see `tracker::panics`.
    pub(crate) panic_noted: Cell<bool>,
}

thread_local! {
    pub(crate) static HOT: Hot = const {
        Hot {
            context: Cell::new(Context::PROCESS),
            random: Cell::new(0),
            millis: Cell::new((0, 0, 0)),
            own: Cell::new(false),
            panic_noted: Cell::new(false),
        }
    };
}

#[inline]
pub(crate) fn replace_context(context: Context) -> Context {
    let before = HOT.with(|hot| hot.context.replace(context));
    #[cfg(feature = "test-util")]
    if before.scope() != context.scope() {
        crate::testing::spent::cross(before.scope(), context.scope());
    }
    before
}

/// Marks the running thread as one of gomon's own: what it does is never monitored, or a listener
/// that writes to a monitored socket would feed itself for ever.
pub(crate) fn mark_own_thread() {
    HOT.with(|hot| {
        hot.own.set(true);
        hot.context.set(Context::UNMONITORED);
    });
}

#[inline(always)]
pub(crate) fn is_own_thread() -> bool {
    HOT.with(|hot| hot.own.get())
}

/// A random number: wyrand (Wang Yi, 2019), seeded per thread by the standard library's hasher.
#[inline(always)]
pub(crate) fn random() -> u64 {
    HOT.with(|hot| {
        let seed = match hot.random.get() {
            0 => seed(),
            state => state,
        };
        let state = seed.wrapping_add(0xa076_1d64_78bd_642f);
        hot.random.set(state);
        let product = u128::from(state) * u128::from(state ^ 0xe703_7ed1_a0b4_28db);
        let (high, low) = (product >> 64, product & u128::from(u64::MAX));
        u64::try_from(high ^ low).unwrap_or(0)
    })
}

/// The Unix time of a stamp in milliseconds. Most stamps are of the millisecond of the one before.
#[inline(always)]
pub(crate) fn unix_millis(stamp: Stamp) -> u64 {
    let (from, until, millis) = HOT.with(|hot| hot.millis.get());
    if from <= stamp && stamp < until {
        return millis;
    }
    next_millis(stamp)
}

#[cold]
#[inline(never)]
fn next_millis(stamp: Stamp) -> u64 {
    let (millis, until) = clock::unix_millis(stamp);
    HOT.with(|hot| hot.millis.set((stamp, until, millis)));
    millis
}

#[cold]
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // RandomState draws its keys once a thread and counts them up: every hasher differs.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(crate::clock::now());
    hasher.finish() | 1
}

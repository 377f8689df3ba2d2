//! The limits that hold now.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};

use parking_lot::Mutex;

use super::settings::{COUNT, Limit, Limits};
use crate::event::packed::{PACKED_BYTES, PACKED_ENTRIES};

/// What holds for what is set from now on: read without a lock, and all of it from one change.
#[inline]
pub(crate) fn current() -> Limits {
    loop {
        // Pairs with the store of an even version in `publish`: what that change wrote is seen.
        let before = VERSION.load(Ordering::Acquire);
        let mut limits = Limits::new();
        for (value, published) in limits.values.iter_mut().zip(&VALUES) {
            *value = published.load(Ordering::Relaxed);
        }
        // Pairs with the fence in `publish`: where a value of a later change was read, its odd
        // version is seen.
        fence(Ordering::Acquire);
        if before.is_multiple_of(2) && VERSION.load(Ordering::Relaxed) == before {
            return limits;
        }
        std::hint::spin_loop();
    }
}

/// Whether a packed map, which is small, is within the limits whatever it holds.
#[inline]
pub(crate) fn spare_packed_maps() -> bool {
    SPARE_PACKED_MAPS.load(Ordering::Relaxed)
}

/// Lets other limits hold. They were checked.
pub(crate) fn publish(limits: Limits) {
    let _turn = CHANGE.lock();
    let spare = limits.of(Limit::StringBytes) >= PACKED_BYTES
        && limits.of(Limit::Entries) >= PACKED_ENTRIES
        && limits.of(Limit::Depth) >= 2
        && limits.of(Limit::EventBytes) >= EVENT_BYTES_WITH_PACKED;
    SPARE_PACKED_MAPS.store(spare, Ordering::Relaxed);
    let version = VERSION.load(Ordering::Relaxed);
    VERSION.store(version.wrapping_add(1), Ordering::Relaxed);
    // Pairs with the fence in `current`.
    fence(Ordering::Release);
    for (published, value) in VALUES.iter().zip(limits.values) {
        published.store(value, Ordering::Relaxed);
    }
    // Pairs with the first load in `current`.
    VERSION.store(version.wrapping_add(2), Ordering::Release);
}

/// What a record holds without anything beside it takes below 40 KiB as JSON, with the part that is kept free; packed maps add
/// six bytes for each of theirs at the most.
const EVENT_BYTES_WITH_PACKED: usize = (40 << 10) + 6 * PACKED_BYTES;
/// True of the defaults.
static SPARE_PACKED_MAPS: AtomicBool = AtomicBool::new(true);
static CHANGE: Mutex<()> = Mutex::new(());
/// Odd while the values change.
static VERSION: AtomicU32 = AtomicU32::new(0);
static VALUES: [AtomicU32; COUNT] = {
    let [a, b, c, d, e, f, g, h, i, j] = Limits::new().values;
    [
        AtomicU32::new(a),
        AtomicU32::new(b),
        AtomicU32::new(c),
        AtomicU32::new(d),
        AtomicU32::new(e),
        AtomicU32::new(f),
        AtomicU32::new(g),
        AtomicU32::new(h),
        AtomicU32::new(i),
        AtomicU32::new(j),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_one_change() {
        let two = [Limits::new(), Limits::new().keys(100).chain(9).embedded(65)];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..20_000 {
                    publish(two[n % 2]);
                }
            });
            for _ in 0..20_000 {
                assert!(two.contains(&current()));
            }
        });
        publish(Limits::new());
    }
}

use std::sync::atomic::{AtomicU64, Ordering};

/// How many lines may pass in a second, over all threads; as many may come at once.
///
/// A bucket of tokens in one word: when it would be full again, if nothing more were taken (GCRA,
/// as in ATM's I.371).
#[derive(Debug)]
pub(crate) struct Bound {
    nanos_each: u64,
    full_at: AtomicU64,
}

impl Bound {
    /// So many in a second; 0 is none.
    pub(crate) const fn per_second(lines: u32) -> Self {
        let nanos_each = match SECOND.checked_div(lines as u64) {
            Some(nanos) => nanos,
            None => u64::MAX,
        };
        Self {
            nanos_each,
            full_at: AtomicU64::new(0),
        }
    }

    /// Takes the place of one more line, if there is one. `now` is in nanoseconds.
    pub(crate) fn takes(&self, now: u64) -> bool {
        let after_this = |full_at: u64| {
            let full_at = full_at.max(now).saturating_add(self.nanos_each);
            (full_at - now <= SECOND).then_some(full_at)
        };
        self.full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, after_this)
            .is_ok()
    }
}

const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_a_second_passes_and_then_what_time_brings() {
        let bound = Bound::per_second(10);
        let passing = |now| (0..100).filter(|_| bound.takes(now)).count();
        assert_eq!(passing(5 * SECOND), 10);
        assert_eq!(passing(5 * SECOND), 0);
        assert_eq!(passing(5 * SECOND + SECOND / 5), 2);
        assert_eq!(passing(60 * SECOND), 10);
    }

    #[test]
    fn none_in_a_second_is_none() {
        assert!(!Bound::per_second(0).takes(SECOND));
    }

    #[test]
    fn a_clock_that_seems_to_go_back_stops_nothing_for_long() {
        let bound = Bound::per_second(10);
        assert!(bound.takes(2 * SECOND));
        assert!(bound.takes(2 * SECOND - 100));
    }
}

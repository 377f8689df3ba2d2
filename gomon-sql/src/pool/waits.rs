//! How long a pool made others wait.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// Counts of waits in buckets a quarter of an octave wide, since they were read last.
#[derive(Debug)]
pub(crate) struct Waits([AtomicU32; BUCKETS]);

impl Waits {
    pub(crate) fn note(&self, wait: Duration) {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.0.get(bucket(nanos)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// The time that 99 % of the waits since the last call did not exceed, at most a quarter too long; `None` if there were none.
    pub(crate) fn take_p99(&self) -> Option<Duration> {
        let counts: Vec<u64> = self
            .0
            .iter()
            .map(|count| count.swap(0, Relaxed).into())
            .collect();
        let total: u64 = counts.iter().sum();
        let rank = total - total / 100;
        let mut below = 0;
        let at = counts.iter().position(|count| {
            below += count;
            below >= rank
        });
        at.filter(|_| total > 0).map(end_of)
    }
}

impl Default for Waits {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; BUCKETS])
    }
}

/// Four buckets an octave.
fn bucket(nanos: u64) -> usize {
    let octave = nanos.max(4).ilog2();
    let part = (nanos.max(4) >> (octave - 2)) & 3;
    usize::try_from(u64::from(octave - 2) * 4 + part).unwrap_or(usize::MAX)
}

/// The longest time of a bucket.
fn end_of(bucket: usize) -> Duration {
    let (octave, part) = (bucket / 4, bucket as u64 % 4);
    let shift = u32::try_from(octave).unwrap_or(0);
    Duration::from_nanos(((4 + part + 1) << shift).wrapping_sub(1))
}

const BUCKETS: usize = 62 * 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_lies_in_its_bucket() {
        for nanos in [0, 4, 5, 7, 8, 9, 1_000, 123_456_789, u64::MAX] {
            let at = bucket(nanos);
            assert!(at < BUCKETS, "{nanos}");
            assert!(end_of(at) >= Duration::from_nanos(nanos), "{nanos}");
            assert!(at == 0 || end_of(at - 1) < Duration::from_nanos(nanos));
        }
    }

    #[test]
    fn the_longest_hundredth_is_left_out() {
        let waits = Waits::default();
        assert_eq!(waits.take_p99(), None);
        for _ in 0..99 {
            waits.note(Duration::from_micros(100));
        }
        waits.note(Duration::from_secs(1));
        let p99 = waits.take_p99().unwrap();
        assert!(p99 >= Duration::from_micros(100) && p99 < Duration::from_micros(125));
        assert_eq!(waits.take_p99(), None, "what was read counts no more");
    }
}

//! Floors: a histogram of linear sub-buckets within powers of two, over all of `u64`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::PRECISION;

const SUB_BUCKETS: usize = 1 << PRECISION;
const BUCKETS: usize = (64 - PRECISION as usize) * SUB_BUCKETS + SUB_BUCKETS;

/// For one writer who is the only reader, too.
pub(crate) struct Owned(Vec<u64>);

impl Owned {
    pub(crate) fn new() -> Self {
        Self(vec![0; BUCKETS])
    }

    #[inline(always)]
    pub(crate) fn record(&mut self, value: u64) {
        self.0[index(value)] += 1;
    }
}

/// Readable at any time.
pub(crate) struct Shared(Vec<AtomicU64>);

impl Shared {
    pub(crate) fn new() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }

    /// For any number of writers.
    #[inline(always)]
    pub(crate) fn record(&self, value: u64) {
        self.0[index(value)].fetch_add(1, Relaxed);
    }

    /// For one writer: no locked instruction.
    #[inline(always)]
    pub(crate) fn record_alone(&self, value: u64) {
        let bucket = &self.0[index(value)];
        bucket.store(bucket.load(Relaxed) + 1, Relaxed);
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "at most 63 once shifted")]
fn index(value: u64) -> usize {
    let highest = 63 - (value | SUB_BUCKETS as u64).leading_zeros();
    let shift = highest - u32::from(PRECISION);
    ((shift as usize) << PRECISION) + (value >> shift) as usize
}

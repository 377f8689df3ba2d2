use std::ops::Range;

/// Counters of buckets next to each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    first: usize,
    counts: Vec<u16>,
}

impl Row {
    /// What the first counter takes on the heap.
    pub(super) const LEAST_BYTES: usize = STEP * size_of::<u16>();

    #[inline]
    pub(super) fn counter(&mut self, bucket: usize) -> Option<&mut u16> {
        // One below the first wraps round to where there is none.
        self.counts.get_mut(bucket.wrapping_sub(self.first))
    }

    pub(super) fn get(&self, bucket: usize) -> u64 {
        let count = self.counts.get(bucket.wrapping_sub(self.first));
        count.copied().map_or(0, u64::from)
    }

    pub(super) fn buckets(&self) -> Range<usize> {
        self.first..self.first + self.counts.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u16>()
    }

    /// Adds counters for these buckets and those that lie between, if there is room for them on the heap. The first are
    /// not asked for it.
    pub(super) fn cover(&mut self, buckets: Range<usize>, room_bytes: usize) {
        if buckets.is_empty() {
            return;
        }
        let old = self.buckets();
        let is_new = old.is_empty();
        let (ahead, all) = if is_new {
            (0, buckets)
        } else {
            let first = old.start.min(buckets.start);
            (old.start - first, first..old.end.max(buckets.end))
        };
        // Not twice as many as there were, which a vector would do: that is more than the bound.
        let capacity = all.len().next_multiple_of(STEP);
        let more = capacity.saturating_sub(self.counts.capacity());
        if is_new || more * size_of::<u16>() <= room_bytes {
            self.counts.reserve_exact(capacity - self.counts.len());
            self.counts.resize(all.len(), 0);
            self.counts.rotate_right(ahead);
            self.first = all.start;
        }
    }

    /// The bucket that is nearest to this and has a counter.
    pub(super) fn nearest(&self, bucket: usize) -> usize {
        let all = self.buckets();
        bucket.min(all.end.saturating_sub(1)).max(all.start)
    }

    /// Counts in that bucket, and returns how often its counter went past 16 bits.
    pub(super) fn add(&mut self, bucket: usize, amount: u64) -> u64 {
        let Some(count) = self.counter(bucket) else {
            return 0;
        };
        let sum = amount.saturating_add(u64::from(*count));
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
        {
            *count = sum as u16;
        }
        sum >> u16::BITS
    }
}

/// Counters that a row grows by.
const STEP: usize = 32;

/// Counts of times in nanoseconds, exact below 64 and within 0.8 % above: each power of two has 64
/// buckets of equal width, and a percentile is the middle of its bucket.
///
/// Only the powers of two that occur take memory, 28 of them at the most, which keeps a histogram
/// under 8 KiB; were there more, the rest would count in the nearest that is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    count: u64,
    total: u64,
    min: u64,
    max: u64,
    /// Sorted by octave.
    octaves: Vec<Octave>,
}

#[derive(Clone, Debug)]
struct Octave {
    /// 0 holds the values below 64, `n` those from `64 << (n - 1)` to twice that.
    number: u32,
    buckets: Box<[u32; WIDTH]>,
}

impl Histogram {
    pub(super) fn record(&mut self, nanos: u64) {
        self.min = if self.count == 0 {
            nanos
        } else {
            self.min.min(nanos)
        };
        self.max = self.max.max(nanos);
        self.count += 1;
        self.total = self.total.saturating_add(nanos);
        let (octave, bucket) = place(nanos);
        if let Some(count) = self
            .octave(octave)
            .and_then(|octave| octave.buckets.get_mut(bucket))
        {
            *count = count.saturating_add(1);
        }
    }

    fn octave(&mut self, number: u32) -> Option<&mut Octave> {
        let at = match self
            .octaves
            .binary_search_by_key(&number, |octave| octave.number)
        {
            Ok(at) => at,
            Err(at) if self.octaves.len() < MOST_OCTAVES => {
                // One at a time: doubling would reserve more than the bound.
                self.octaves.reserve_exact(1);
                self.octaves.insert(
                    at,
                    Octave {
                        number,
                        buckets: Box::new([0; WIDTH]),
                    },
                );
                at
            }
            Err(at) => at.min(self.octaves.len() - 1),
        };
        self.octaves.get_mut(at)
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn min(&self) -> u64 {
        self.min
    }

    pub(super) fn max(&self) -> u64 {
        self.max
    }

    /// The time that `percent` of all are not above: the nearest-rank method.
    pub(super) fn percentile(&self, percent: u64) -> u64 {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100);
        let mut seen: u128 = 0;
        for octave in &self.octaves {
            for (bucket, count) in octave.buckets.iter().enumerate() {
                seen += u128::from(*count);
                if *count > 0 && seen >= rank {
                    return middle(octave.number, bucket).clamp(self.min, self.max);
                }
            }
        }
        self.max
    }
}

/// Octave and bucket of a value.
fn place(nanos: u64) -> (u32, usize) {
    let octave = nanos
        .checked_ilog2()
        .map_or(0, |log| (log + 1).saturating_sub(LOG_WIDTH));
    let shifted = nanos >> octave.saturating_sub(1);
    (octave, usize::try_from(shifted % WIDTH as u64).unwrap_or(0))
}

fn middle(octave: u32, bucket: usize) -> u64 {
    let bucket = bucket as u64;
    match octave.checked_sub(1) {
        None => bucket,
        Some(shift) => ((WIDTH as u64 + bucket) << shift) + (1 << shift) / 2,
    }
}

const LOG_WIDTH: u32 = 6;
const WIDTH: usize = 1 << LOG_WIDTH;
const MOST_OCTAVES: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_within_its_bucket() {
        let values = (0..64).flat_map(|log| [1u64 << log, (1 << log) + 1, (1u64 << log) - 1]);
        for value in values.chain([0, 63, 64, 65, 127, 128, 1_000_003, u64::MAX]) {
            let (octave, bucket) = place(value);
            let error = middle(octave, bucket).abs_diff(value);
            assert!(
                u128::from(error) * 100 <= u128::from(value),
                "{value} is off by {error}"
            );
        }
    }

    #[test]
    fn percentiles_are_within_one_per_cent_of_exact() {
        let mut state = 1u64;
        let mut values: Vec<u64> = (0..10_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 40).pow(2) % 50_000_000
            })
            .collect();
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        values.sort_unstable();
        for percent in [1, 50, 90, 99, 100] {
            let exact = values[values.len() * usize::try_from(percent).unwrap() / 100 - 1];
            let got = histogram.percentile(percent);
            assert!(
                got.abs_diff(exact) * 100 <= exact,
                "p{percent}: {got} against {exact}"
            );
        }
        assert_eq!((histogram.count(), histogram.min()), (10_000, values[0]));
        assert_eq!(histogram.total(), values.iter().sum::<u64>());
    }

    #[test]
    fn memory_stays_within_8_kib_whatever_comes() {
        let mut histogram = Histogram::default();
        (0..64).for_each(|log| histogram.record(1 << log));
        let heap = histogram.octaves.capacity() * size_of::<Octave>()
            + histogram.octaves.len() * size_of::<[u32; WIDTH]>();
        assert!(heap + size_of::<Histogram>() <= 8 << 10, "{heap}");
        assert_eq!(histogram.count(), 64);
    }
}

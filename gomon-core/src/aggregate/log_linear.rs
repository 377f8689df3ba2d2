use std::mem;

use super::row::Row;

/// Counts of values in buckets that are exact below `2 * WIDTH` and have, above that, `WIDTH` of
/// equal width to a power of two: the middle of a bucket is within `1 / (2 * WIDTH)` of each value
/// in it. Count, sum, least and greatest are exact.
///
/// To record is to find the bucket and to add twice, if all values of the bucket are from the least
/// to the greatest so far: it changes neither, and how many there are is known from the buckets.
///
/// A bucket between those takes two bytes, whether it was used or not, and two more from 65,536
/// values on; all of them together 8 KiB at the most. All of 64 bits find place, but not if many
/// that are far from each other have that many: then some count in the nearest.
#[derive(Clone, Debug)]
pub(crate) struct LogLinear<const WIDTH: usize> {
    /// Of the buckets that hold nothing but values from the least to the greatest.
    between: Row,
    /// The sum, without what went past 64 bits.
    low_total: u64,
    /// How often it went past 64 bits.
    high_total: u64,
    /// Above the greatest as long as there is no value.
    min: u64,
    max: u64,
    /// The nearest buckets round these: they hold values, too, that would be a new least or greatest.
    low: usize,
    high: usize,
    /// How many are in the lower of them.
    at_low: u64,
    /// How many are in the higher, if that is another.
    at_high: u64,
    /// How often counters went past 16 bits; how often those of the row before did.
    carries: Vec<Row>,
}

impl<const WIDTH: usize> LogLinear<WIDTH> {
    #[inline]
    pub(crate) fn record(&mut self, value: u64) {
        let bucket = Self::bucket(value);
        let Some(count) = self.between.counter(bucket) else {
            return self.record_at_an_end(bucket, value);
        };
        *count = count.wrapping_add(1);
        if *count == 0 {
            self.carry(bucket, 1);
        }
        self.add_to_total(value);
    }

    /// The same where the value may be the least or the greatest.
    #[inline(never)]
    fn record_at_an_end(&mut self, bucket: usize, value: u64) {
        if value < self.min || value > self.max {
            self.widen(value, value);
        }
        self.count_in(bucket, 1);
        self.add_to_total(value);
    }

    /// Takes in what another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.widen(other.min, other.max);
        self.set_total(self.total() + other.total());
        for (bucket, count) in other.counts() {
            self.count_in(bucket, count);
        }
    }

    /// What was counted since an earlier state of this. The least and the greatest are those of the
    /// buckets, as far as the whole allows.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut before = earlier.counts().peekable();
        let mut counts = Vec::new();
        for (bucket, count) in self.counts() {
            while before.next_if(|(other, _)| *other < bucket).is_some() {}
            let known = before.next_if(|(other, _)| *other == bucket);
            let count = count.saturating_sub(known.map_or(0, |(_, known)| known));
            if count > 0 {
                counts.push((bucket, count));
            }
        }
        let mut rest = Self::default();
        rest.set_total(self.total().saturating_sub(earlier.total()));
        if let (Some((first, _)), Some((last, _))) = (counts.first(), counts.last()) {
            let min = Self::lowest(*first).max(self.min);
            let max = Self::highest(*last).min(self.max);
            rest.widen(min, max);
        }
        for (bucket, count) in counts {
            rest.count_in(bucket, count);
        }
        rest
    }

    /// Adds up all buckets.
    pub(crate) fn count(&self) -> u64 {
        self.counts().map(|(_, count)| count).sum()
    }

    pub(crate) fn total(&self) -> u128 {
        u128::from(self.high_total) << u64::BITS | u128::from(self.low_total)
    }

    /// Zero if there is none.
    pub(crate) fn min(&self) -> u64 {
        self.min.min(self.max)
    }

    /// Zero if there is none.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The value that this share of all, from 0 to 1, is not above: the nearest-rank method.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let rank = rank(self.count(), share);
        let mut seen = 0;
        for (bucket, count) in self.counts() {
            seen += count;
            if seen >= rank {
                return Self::middle(bucket).clamp(self.min, self.max);
            }
        }
        self.max
    }

    /// The buckets that were used: the least and the greatest value that belongs to each, and how
    /// many it has.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counts()
            .map(|(bucket, count)| (Self::lowest(bucket), Self::highest(bucket), count))
    }

    /// What it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let rows = self.carries.iter().map(Row::heap_bytes).sum::<usize>();
        let carries = self.carries.capacity() * size_of::<Row>() + rows;
        size_of::<Self>() + self.between.heap_bytes() + carries
    }

    /// Used buckets by number, in their order.
    fn counts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let between = self.between.buckets().map(|bucket| {
            let carries = self.carries.iter().rev();
            let high = carries.fold(0, |high, row| (high + row.get(bucket)) << u16::BITS);
            (bucket, high + self.between.get(bucket))
        });
        let all = [(self.low, self.at_low)].into_iter().chain(between);
        all.chain([(self.high, self.at_high)])
            .filter(|(_, count)| *count > 0)
    }

    /// Makes these values belong to what is counted: the bucket that was at an end may be between
    /// the ends from now on.
    fn widen(&mut self, min: u64, max: u64) {
        self.min = self.min.min(min);
        self.max = self.max.max(max);
        let before = (self.low, self.high);
        self.low = Self::bucket(self.min.saturating_sub(1));
        self.high = Self::bucket(self.max.saturating_add(1));
        if (self.low, self.high) != before {
            let room = self.room_bytes();
            self.between.cover(self.low + 1..self.high, room);
            let (at_low, at_high) = (mem::take(&mut self.at_low), mem::take(&mut self.at_high));
            self.count_in(before.0, at_low);
            self.count_in(before.1, at_high);
        }
    }

    #[inline]
    fn add_to_total(&mut self, value: u64) {
        let (total, is_past) = self.low_total.overflowing_add(value);
        self.low_total = total;
        if is_past {
            self.carry_total();
        }
    }

    #[cold]
    fn carry_total(&mut self) {
        self.high_total += 1;
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
    fn set_total(&mut self, total: u128) {
        self.low_total = total as u64;
        self.high_total = (total >> u64::BITS) as u64;
    }

    /// Counts in a bucket that is one of the ends or between them.
    fn count_in(&mut self, bucket: usize, count: u64) {
        if bucket <= self.low {
            self.at_low += count;
        } else if bucket >= self.high {
            self.at_high += count;
        } else {
            let bucket = self.between.nearest(bucket);
            let carry = self.between.add(bucket, count);
            if carry > 0 {
                self.carry(bucket, carry);
            }
        }
    }

    /// Counts how often a counter between the ends went past 16 bits.
    #[cold]
    #[inline(never)]
    fn carry(&mut self, bucket: usize, amount: u64) {
        let mut carry = amount;
        for level in 0.. {
            if self.carries.len() == level {
                self.carries.reserve_exact(1);
                self.carries.push(Row::default());
            }
            let room = self.room_bytes();
            let Some(row) = self.carries.get_mut(level) else {
                return;
            };
            row.cover(bucket..bucket + 1, room);
            carry = row.add(row.nearest(bucket), carry);
            if carry == 0 {
                return;
            }
        }
    }

    /// What rows may still take.
    fn room_bytes(&self) -> usize {
        (MOST_BYTES - CARRIES_BYTES).saturating_sub(self.memory_bytes())
    }

    #[inline]
    fn bucket(value: u64) -> usize {
        let highest = (value | WIDTH as u64).ilog2();
        let shift = highest - Self::LOG_WIDTH;
        // At most 59 times the width and twice the width above.
        #[expect(clippy::cast_possible_truncation, reason = "widths are small")]
        {
            ((shift << Self::LOG_WIDTH) as usize) + (value >> shift) as usize
        }
    }

    fn lowest(bucket: usize) -> u64 {
        let (bucket, width) = (bucket as u64, WIDTH as u64);
        match (bucket / width).checked_sub(1) {
            None => bucket,
            Some(shift) => (width + bucket % width) << shift,
        }
    }

    fn highest(bucket: usize) -> u64 {
        let shift = (bucket / WIDTH).saturating_sub(1);
        Self::lowest(bucket) + ((1 << shift) - 1)
    }

    fn middle(bucket: usize) -> u64 {
        let (lowest, highest) = (Self::lowest(bucket), Self::highest(bucket));
        lowest + (highest - lowest).div_ceil(2)
    }

    const LOG_WIDTH: u32 = WIDTH.ilog2();
}

impl<const WIDTH: usize> Default for LogLinear<WIDTH> {
    fn default() -> Self {
        Self {
            between: Row::default(),
            low_total: 0,
            high_total: 0,
            min: u64::MAX,
            max: 0,
            low: 0,
            high: 0,
            at_low: 0,
            at_high: 0,
            carries: Vec::new(),
        }
    }
}

/// How many of `count` values make this share of them, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped; a count is exact up to 2^53"
)]
fn rank(count: u64, share: f64) -> u64 {
    let exact = count as f64 * share;
    // 0.99 * 100 is a little more than 99.
    let nearest = exact.round();
    let whole = (exact - nearest).abs() <= nearest * 1e-12;
    let rank = if whole { nearest } else { exact.ceil() };
    (rank as u64).clamp(1, count.max(1))
}

const MOST_BYTES: usize = 8 << 10;
/// Kept free, so that each row of carries finds room for its first counters; three hold all of 64 bits.
const CARRIES_BYTES: usize = 3 * (size_of::<Row>() + Row::LEAST_BYTES);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Fine = LogLinear<64>;
    type Coarse = LogLinear<32>;

    fn numbers(count: usize) -> Vec<u64> {
        let mut state = 1u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40).pow(2) % 50_000_000
        };
        (0..count).map(|_| next()).collect()
    }

    fn of<const WIDTH: usize>(values: &[u64]) -> LogLinear<WIDTH> {
        let mut times = LogLinear::default();
        values.iter().for_each(|value| times.record(*value));
        times
    }

    fn errors_stay_below<const WIDTH: usize>(per_mille: u128) {
        let powers = (0..64).flat_map(|log| [1u64 << log, (1 << log) + 1, (1u64 << log) - 1]);
        for value in powers.chain([0, 63, 64, 65, 127, 128, 1_000_003, u64::MAX]) {
            let bucket = LogLinear::<WIDTH>::bucket(value);
            let range = LogLinear::<WIDTH>::lowest(bucket)..=LogLinear::<WIDTH>::highest(bucket);
            assert!(range.contains(&value), "{value} in {range:?}");
            let error = u128::from(LogLinear::<WIDTH>::middle(bucket).abs_diff(value));
            assert!(error * 1000 <= u128::from(value) * per_mille, "{value}");
        }
    }

    #[test]
    fn every_value_is_near_the_middle_of_its_bucket() {
        errors_stay_below::<64>(8);
        errors_stay_below::<32>(16);
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket in 0..59 * 32 {
            assert_eq!(Coarse::highest(bucket) + 1, Coarse::lowest(bucket + 1));
        }
    }

    #[test]
    fn quantiles_are_within_their_error_of_exact() {
        let mut values = numbers(10_000);
        let (fine, coarse) = (of::<64>(&values), of::<32>(&values));
        values.sort_unstable();
        for percent in [1, 50, 90, 99, 100] {
            let exact = values[values.len() * percent / 100 - 1];
            let share = f64::from(u32::try_from(percent).unwrap()) / 100.0;
            assert!(fine.quantile(share).abs_diff(exact) * 100 <= exact);
            assert!(coarse.quantile(share).abs_diff(exact) * 100 <= 3 * exact);
        }
        assert_eq!((fine.count(), fine.min()), (10_000, values[0]));
        assert_eq!(
            (fine.max(), fine.quantile(1.0)),
            (values[9999], values[9999])
        );
        assert_eq!(
            fine.total(),
            values.iter().map(|value| u128::from(*value)).sum::<u128>()
        );
    }

    #[test]
    fn ranks_are_not_off_by_one_for_a_rounding_error() {
        for count in 1..=1000 {
            for percent in 1..=100u32 {
                let exact = (count * u64::from(percent)).div_ceil(100);
                assert_eq!(rank(count, f64::from(percent) / 100.0), exact);
            }
        }
    }

    #[test]
    fn nothing_was_counted_at_first() {
        let empty = Fine::default();
        assert_eq!(
            (empty.count(), empty.total(), empty.quantile(0.5)),
            (0, 0, 0)
        );
        assert_eq!(empty.buckets().count(), 0);
    }

    #[test]
    fn merging_is_the_same_as_recording_all_in_one() {
        let values = numbers(5000);
        let (one, two) = values.split_at(1234);
        let mut merged = of::<32>(one);
        merged.merge(&of(two));
        merged.merge(&Coarse::default());
        let all = of::<32>(&values);
        assert!(merged.buckets().eq(all.buckets()));
        assert_eq!((merged.count(), merged.total()), (all.count(), all.total()));
        assert_eq!((merged.min(), merged.max()), (all.min(), all.max()));
    }

    #[test]
    fn what_came_since_is_what_was_recorded_since() {
        let values = numbers(5000);
        let (before, after) = values.split_at(3000);
        let since = of::<32>(&values).since(&of(before));
        let exact = of::<32>(after);
        assert!(since.buckets().eq(exact.buckets()));
        assert_eq!(
            (since.count(), since.total()),
            (exact.count(), exact.total())
        );
        assert!(since.min() <= exact.min() && exact.max() <= since.max());
        let nothing = exact.since(&exact);
        assert_eq!((nothing.count(), nothing.min(), nothing.max()), (0, 0, 0));
    }

    /// Compares with what a map of the buckets counts.
    fn counts_like_a_map(values: &[u64]) {
        let mut counted = BTreeMap::new();
        for value in values {
            *counted.entry(Fine::bucket(*value)).or_insert(0) += 1;
        }
        let times = of::<64>(values);
        assert!(times.counts().eq(counted));
        assert_eq!(Some(times.min()), values.iter().copied().min());
        assert_eq!(Some(times.max()), values.iter().copied().max());
        assert_eq!(
            times.total(),
            values.iter().copied().map(u128::from).sum::<u128>()
        );
    }

    #[test]
    fn in_whatever_order_values_come_they_are_in_their_buckets() {
        let mut values = numbers(2000);
        counts_like_a_map(&values);
        values.sort_unstable();
        counts_like_a_map(&values);
        values.reverse();
        counts_like_a_map(&values);
        let ends = (0..64).flat_map(|log| [1 << log, u64::MAX >> log, 1000, 0]);
        counts_like_a_map(&ends.collect::<Vec<_>>());
        counts_like_a_map(&[1000, 1001, 1000, 1002, 1007, 1001]);
        counts_like_a_map(&[u64::MAX, u64::MAX, u64::MAX]);
    }

    /// The nearest rank of what was recorded, and of the same values in order.
    fn percentiles_are_within_1_percent(times: &Fine, sorted: &[u64]) {
        for percent in [1, 10, 25, 50, 75, 90, 95, 99, 100] {
            let exact = sorted[(sorted.len() * percent).div_ceil(100) - 1];
            let share = f64::from(u32::try_from(percent).unwrap()) / 100.0;
            let error = times.quantile(share).abs_diff(exact);
            assert!(u128::from(error) * 100 <= u128::from(exact), "p{percent}");
        }
        assert_eq!(
            (times.min(), times.max()),
            (sorted[0], *sorted.last().unwrap())
        );
    }

    /// From 1 to a billion, and as many in each part of ten.
    fn over_nine_decades(count: u32) -> Vec<u64> {
        let exponents = (0..count).map(|at| 30 * u64::from(at) / u64::from(count));
        let numbers = numbers(usize::try_from(count).unwrap()).into_iter();
        let value =
            |(number, exponent): (u64, u64)| (1u64 << exponent) + number % (1u64 << exponent);
        numbers.zip(exponents).map(value).collect()
    }

    #[test]
    fn percentiles_are_within_1_percent_of_any_distribution() {
        let borders = (0..=Fine::bucket(u64::MAX))
            .flat_map(|bucket| [Fine::lowest(bucket), Fine::highest(bucket)]);
        let fast_or_slow = numbers(5000).into_iter().enumerate();
        let fast_or_slow = fast_or_slow.map(|(at, number)| match at % 3 {
            0 => 200_000_000 + number,
            _ => 40 + number % 20,
        });
        let distributions = [
            vec![31_415; 3000],
            (0..20_000).map(|number| 7 * number).collect(),
            over_nine_decades(20_000),
            fast_or_slow.collect(),
            borders.collect(),
        ];
        for mut values in distributions {
            let times = of::<64>(&values);
            values.sort_unstable();
            percentiles_are_within_1_percent(&times, &values);
            assert!(times.memory_bytes() <= MOST_BYTES);
        }
    }

    #[test]
    fn percentiles_stay_the_same_at_any_count_within_8_kib() {
        let mut values = over_nine_decades(10_000);
        let mut times = of::<64>(&values);
        values.sort_unstable();
        for doubled in 1..=20 {
            times.merge(&times.clone());
            assert_eq!(times.count(), 10_000 << doubled);
            percentiles_are_within_1_percent(&times, &values);
            assert!(times.memory_bytes() <= MOST_BYTES);
        }
        let total: u128 = values.iter().copied().map(u128::from).sum();
        assert_eq!(times.total(), total << 20);
    }

    #[test]
    fn a_bucket_counts_past_16_and_32_bits() {
        let mut times = Coarse::default();
        (0..3 << 16).for_each(|at| times.record(4 + at % 3));
        times.count_in(5, 5 << 32);
        let counted: Vec<_> = times.buckets().collect();
        let third = 1 << 16;
        assert_eq!(
            counted,
            [(4, 4, third), (5, 5, third + (5 << 32)), (6, 6, third)]
        );
        assert_eq!(times.count(), 3 * third + (5 << 32));
    }

    #[test]
    fn a_sum_goes_past_64_bits() {
        let mut times = Fine::default();
        let values = [0, u64::MAX, 1 << 63, 1 << 63, 1 << 63];
        values.iter().for_each(|value| times.record(*value));
        assert_eq!(times.total(), u128::from(u64::MAX) + (3 << 63));
        let earlier = times.clone();
        times.record(7);
        assert_eq!(times.since(&earlier).total(), 7);
    }

    #[test]
    fn memory_stays_within_8_kib_whatever_comes() {
        let mut times = Fine::default();
        let of_all =
            |log: u32| (0..64u64).map(move |part| (1u64 << log) + (1u64 << log) / 64 * part);
        for value in (0..64).flat_map(of_all) {
            times.record(value);
        }
        assert!(times.memory_bytes() <= MOST_BYTES);
        assert_eq!(times.count(), 64 * 64);
        // What finds no place counts in the nearest bucket there is.
        let mut count = 64 * 64;
        while count < u64::MAX >> 2 {
            times.merge(&times.clone());
            count *= 2;
            assert_eq!(times.count(), count);
            assert!(times.memory_bytes() <= MOST_BYTES);
        }
        let rows = times.carries.iter().map(|row| row.buckets().len());
        assert!(rows.clone().count() == 3 && rows.max() < Some(300));
    }
}

/// Counts of values in buckets that are exact below `2 * WIDTH` and have, above that, `WIDTH` of
/// equal width to a power of two: the middle of a bucket is within `1 / (2 * WIDTH)` of each value
/// in it. Count, sum, least and greatest are exact.
///
/// Sixteen buckets at a time take memory once one of them is used: 68 bytes, and all of them
/// together 8 KiB at the most. Were there more, the rest would count in the nearest that are there.
///
/// `RECENT` blocks are found without a search: eight of the coarse ones are four powers of two, and 256 are all.
#[derive(Clone, Debug)]
pub(crate) struct LogLinear<const WIDTH: usize, const RECENT: usize = 8> {
    count: u64,
    total: u128,
    min: u64,
    max: u64,
    /// Where the blocks are that were used last, by the low bits of their numbers: values are
    /// mostly in a few next to each other.
    recent: [u8; RECENT],
    /// Sorted by number.
    blocks: Vec<Block>,
    /// For buckets past 32 bits, how often they were.
    carries: Vec<(u16, u32)>,
}

/// The buckets from `BLOCK * number` on.
#[derive(Clone, Debug)]
struct Block {
    number: u16,
    counts: [u32; BLOCK as usize],
}

impl<const WIDTH: usize, const RECENT: usize> LogLinear<WIDTH, RECENT> {
    pub(crate) fn record(&mut self, value: u64) {
        self.min = if self.count == 0 {
            value
        } else {
            self.min.min(value)
        };
        self.max = self.max.max(value);
        self.count += 1;
        self.total += u128::from(value);
        self.count_in(Self::bucket(value), 1);
    }

    /// Takes in what another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.min = match self.count {
            0 => other.min,
            _ => self.min.min(other.min),
        };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.total += other.total;
        for (bucket, count) in other.counts() {
            self.count_in(bucket, count);
        }
    }

    /// What was counted since an earlier state of this. The least and the greatest are those of the
    /// buckets, as far as the whole allows.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut rest = Self {
            count: self.count.saturating_sub(earlier.count),
            total: self.total.saturating_sub(earlier.total),
            ..Self::default()
        };
        let mut before = earlier.counts().peekable();
        for (bucket, count) in self.counts() {
            while before.next_if(|(other, _)| *other < bucket).is_some() {}
            let known = before.next_if(|(other, _)| *other == bucket);
            let count = count.saturating_sub(known.map_or(0, |(_, known)| known));
            if count > 0 {
                rest.count_in(bucket, count);
            }
        }
        let mut used = rest.counts().map(|(bucket, _)| bucket);
        let (first, last) = (used.next(), used.last());
        if let Some(first) = first {
            rest.min = Self::lowest(first).max(self.min);
            rest.max = Self::highest(last.unwrap_or(first)).min(self.max);
        }
        rest
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn total(&self) -> u128 {
        self.total
    }

    pub(crate) fn min(&self) -> u64 {
        self.min
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The value that this share of all, from 0 to 1, is not above: the nearest-rank method.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let rank = rank(self.count, share);
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
    #[cfg(test)]
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.blocks.capacity() * size_of::<Block>()
            + self.carries.capacity() * size_of::<(u16, u32)>()
    }

    /// Used buckets by number, in their order.
    fn counts(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.blocks.iter().flat_map(|block| {
            let buckets = block.first_bucket()..;
            let counts = buckets.zip(block.counts);
            counts.filter_map(|(bucket, low)| {
                let carries = self.carries.iter().find(|(other, _)| *other == bucket);
                let high = carries.map_or(0, |(_, high)| u64::from(*high));
                Some((bucket, high << u32::BITS | u64::from(low))).filter(|(_, count)| *count > 0)
            })
        })
    }

    #[inline]
    fn count_in(&mut self, bucket: u16, count: u64) {
        // Nearly always.
        let number = bucket / BLOCK;
        let at = self.recent.get(usize::from(number) % RECENT).copied();
        if let Some(block) = self.blocks.get_mut(usize::from(at.unwrap_or(0)))
            && block.number == number
            && let Some(known) = block.counts.get_mut(usize::from(bucket % BLOCK))
            && let Ok(sum) = u32::try_from(u64::from(*known) + count)
        {
            *known = sum;
        } else {
            self.count_elsewhere(bucket, count);
        }
    }

    /// The same where the block is none of the recent ones, or new, or the bucket is full.
    #[inline(never)]
    fn count_elsewhere(&mut self, bucket: u16, count: u64) {
        let Some(block) = self.block(bucket / BLOCK) else {
            return;
        };
        let first = block.first_bucket();
        let bucket = bucket.clamp(first, first + (BLOCK - 1));
        let Some(low) = block.counts.get_mut(usize::from(bucket % BLOCK)) else {
            return;
        };
        let sum = u64::from(*low) + count;
        #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
        {
            *low = sum as u32;
        }
        if sum > u64::from(u32::MAX) {
            self.carry(bucket, sum >> u32::BITS);
        }
    }

    /// The block of that number, or the nearest if there is no place for one more.
    fn block(&mut self, number: u16) -> Option<&mut Block> {
        let found = self.blocks.binary_search_by_key(&number, |b| b.number);
        let at = match found {
            Ok(at) => at,
            Err(at) if self.blocks.len() < Self::MOST_BLOCKS => {
                // One at a time: doubling would reserve more than the bound.
                self.blocks.reserve_exact(1);
                self.blocks.insert(at, Block::new(number));
                at
            }
            Err(at) => self.nearest(at, number),
        };
        if let Some(place) = self.recent.get_mut(usize::from(number) % RECENT) {
            *place = u8::try_from(at).unwrap_or(0);
        }
        self.blocks.get_mut(at)
    }

    /// Where the nearest block is to one that would be there.
    #[cold]
    fn nearest(&self, at: usize, number: u16) -> usize {
        let distance = |at: usize| {
            let block = self.blocks.get(at);
            block.map_or(u16::MAX, |block| block.number.abs_diff(number))
        };
        match at.checked_sub(1) {
            Some(before) if distance(before) <= distance(at) => before,
            _ => at,
        }
    }

    #[cold]
    fn carry(&mut self, bucket: u16, amount: u64) {
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        match self.carries.iter_mut().find(|(other, _)| *other == bucket) {
            Some((_, high)) => *high = high.saturating_add(amount),
            None => self.carries.push((bucket, amount)),
        }
    }

    fn bucket(value: u64) -> u16 {
        let highest = (value | WIDTH as u64).ilog2();
        let shift = highest - Self::LOG_WIDTH;
        // At most 59 times the width and twice the width above.
        #[expect(clippy::cast_possible_truncation, reason = "widths are small")]
        {
            ((shift << Self::LOG_WIDTH) as u16) + (value >> shift) as u16
        }
    }

    fn lowest(bucket: u16) -> u64 {
        let (bucket, width) = (u64::from(bucket), WIDTH as u64);
        match (bucket / width).checked_sub(1) {
            None => bucket,
            Some(shift) => (width + bucket % width) << shift,
        }
    }

    fn highest(bucket: u16) -> u64 {
        let shift = (u64::from(bucket) / WIDTH as u64).saturating_sub(1);
        Self::lowest(bucket) + ((1 << shift) - 1)
    }

    fn middle(bucket: u16) -> u64 {
        let (lowest, highest) = (Self::lowest(bucket), Self::highest(bucket));
        lowest + (highest - lowest).div_ceil(2)
    }

    const LOG_WIDTH: u32 = WIDTH.ilog2();
    const MOST_BLOCKS: usize = (MOST_BYTES - size_of::<Self>()) / size_of::<Block>();
}

impl<const WIDTH: usize, const RECENT: usize> Default for LogLinear<WIDTH, RECENT> {
    fn default() -> Self {
        Self {
            count: 0,
            total: 0,
            min: 0,
            max: 0,
            recent: [0; RECENT],
            blocks: Vec::new(),
            carries: Vec::new(),
        }
    }
}

impl Block {
    fn new(number: u16) -> Self {
        Self {
            number,
            counts: [0; BLOCK as usize],
        }
    }

    fn first_bucket(&self) -> u16 {
        self.number * BLOCK
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

const BLOCK: u16 = 16;
const MOST_BYTES: usize = 8 << 10;

#[cfg(test)]
mod tests {
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
            values.iter().map(|value| u128::from(*value)).sum()
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

    #[test]
    fn a_bucket_counts_past_32_bits() {
        let mut times = Coarse::default();
        times.count_in(5, u64::from(u32::MAX));
        times.record(5);
        times.count_in(5, 5 << 32);
        let counted: Vec<_> = times.buckets().collect();
        assert_eq!(counted, [(5, 5, 6 << 32)]);
    }

    #[test]
    fn what_finds_no_place_counts_in_the_nearest_bucket_there_is() {
        let mut times = Fine::default();
        let blocks = u16::try_from(Fine::MOST_BLOCKS).unwrap();
        // Gaps of one and, at last, of four.
        let far = 2 * blocks + 2;
        for block in (0..blocks - 1).map(|block| 2 * block).chain([far]) {
            times.count_in(block * BLOCK, 1);
        }
        for block in [1, far - 1, far + 9] {
            times.count_in(block * BLOCK + 3, 1);
        }
        let counts = times
            .counts()
            .filter(|(bucket, count)| bucket % BLOCK != 0 || *count > 1);
        let last = |block: u16| block * BLOCK + BLOCK - 1;
        assert_eq!(
            counts.collect::<Vec<_>>(),
            [(last(0), 1), (far * BLOCK, 2), (last(far), 1)]
        );
    }

    #[test]
    fn memory_stays_within_8_kib_whatever_comes() {
        let mut times = Fine::default();
        for log in 0..64 {
            (0..64).for_each(|part| times.record((1 << log) + (1u64 << log) / 64 * part));
        }
        assert!(
            times.memory_bytes() <= MOST_BYTES,
            "{}",
            times.memory_bytes()
        );
        assert_eq!(
            times.buckets().map(|(_, _, count)| count).sum::<u64>(),
            64 * 64
        );
    }
}

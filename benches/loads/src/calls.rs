use std::time::Duration;

/// How long calls took: counts by power of two, each in eight parts.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    counts: Vec<u64>,
    worst: Duration,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            counts: vec![0; 64 * PARTS],
            worst: Duration::ZERO,
        }
    }
}

impl Calls {
    pub(crate) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[place(nanos)] += 1;
        self.worst = self.worst.max(time);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.worst = self.worst.max(other.worst);
    }

    pub(crate) fn worst(&self) -> Duration {
        self.worst
    }

    /// The time that all but `share` of the calls stayed within, at most an eighth too long.
    pub(crate) fn all_but(&self, share: f64) -> Duration {
        let total: u64 = self.counts.iter().sum();
        let mut above = 0;
        for (place, count) in self.counts.iter().enumerate().rev() {
            above += count;
            if above as f64 > total as f64 * share {
                return Duration::from_nanos(end_of(place));
            }
        }
        Duration::ZERO
    }
}

fn place(nanos: u64) -> usize {
    let log = nanos.max(PARTS as u64).ilog2() as usize;
    let part = usize::try_from(nanos >> (log - PART_BITS)).unwrap_or(0) % PARTS;
    log * PARTS + part
}

/// Where the times of a place end.
fn end_of(place: usize) -> u64 {
    let (log, part) = (place / PARTS, place % PARTS);
    let end = ((PARTS + part + 1) as u128) << log.saturating_sub(PART_BITS);
    u64::try_from(end).unwrap_or(u64::MAX)
}

const PART_BITS: usize = 3;
const PARTS: usize = 1 << PART_BITS;

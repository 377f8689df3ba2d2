use std::time::Duration;

use super::label::{Label, Labels};
use super::log_linear::LogLinear;
use crate::event::outcome::Outcome;

/// All events of one fingerprint that have the same labels: how many there were, how they ended and
/// how long they took.
///
/// Counts, sums, the least and the greatest are exact. Quantiles are within 1.6 % of the exact ones.
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub(super) fp: &'static str,
    pub(super) labels: Labels,
    pub(super) is_overflow: bool,
    pub(super) times: Times,
    /// Most series have only seen what went well.
    pub(super) trouble: Option<Box<Trouble>>,
}

/// How many events of a [`Series`] took about the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// The least time that belongs here.
    pub first: Duration,
    /// The greatest time that belongs here.
    pub last: Duration,
    /// How many took between both.
    pub count: u64,
}

pub(super) type Times = LogLinear<32>;

/// What did not go well.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    /// By outcome; `completed` are the others.
    outcomes: [u64; OUTCOMES.len()],
    with_error: u64,
}

/// What a series takes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) nanos: u64,
    pub(super) has_error: bool,
}

impl Series {
    /// The fingerprint.
    #[must_use]
    pub fn fp(&self) -> &'static str {
        self.fp
    }

    /// The value of a label, if its events have it. One of more than 128 bytes is cut and ends with
    /// a hash of the whole, which is the same in every process.
    #[must_use]
    pub fn label(&self, label: Label) -> Option<&str> {
        self.labels.get(label)
    }

    /// The labels its events have.
    pub fn labels(&self) -> impl Iterator<Item = (Label, &str)> {
        self.labels.iter()
    }

    /// Whether this gathers the events of its fingerprint whose labels found no place of their own.
    #[must_use]
    pub fn is_overflow(&self) -> bool {
        self.is_overflow
    }

    /// How many events there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.times.count()
    }

    /// How many of them had this outcome.
    #[must_use]
    pub fn count_of(&self, outcome: Outcome) -> u64 {
        let trouble = self.trouble.as_deref();
        match trouble_place(outcome) {
            Some(place) => trouble.and_then(|trouble| trouble.outcomes.get(place).copied()),
            None => Some(self.count() - trouble.map_or(0, |trouble| trouble.outcomes.iter().sum())),
        }
        .unwrap_or(0)
    }

    /// How many of them had an error noted, whatever their outcome.
    #[must_use]
    pub fn with_error(&self) -> u64 {
        self.trouble
            .as_ref()
            .map_or(0, |trouble| trouble.with_error)
    }

    /// The sum of the times they took.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_nanos_u128(self.times.total())
    }

    /// The least time; zero if there were none.
    #[must_use]
    pub fn min(&self) -> Duration {
        Duration::from_nanos(self.times.min())
    }

    /// The greatest time; zero if there were none.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.times.max())
    }

    /// The time that this share of them did not exceed, from 0 to 1: 0.99 is the 99th percentile.
    /// Zero if there were none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.times.quantile(share))
    }

    /// How the times are spread, from the least to the greatest. Buckets without any are left out;
    /// 32 of equal width make a power of two.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> {
        self.times.buckets().map(|(first, last, count)| Bucket {
            first: Duration::from_nanos(first),
            last: Duration::from_nanos(last),
            count,
        })
    }

    #[inline]
    pub(super) fn record(&mut self, ending: Ending) {
        self.times.record(ending.nanos);
        if ending.has_error || ending.outcome != Outcome::Completed {
            self.record_trouble(ending);
        }
    }

    fn record_trouble(&mut self, ending: Ending) {
        let trouble = self.trouble.get_or_insert_default();
        trouble.with_error += u64::from(ending.has_error);
        let place = trouble_place(ending.outcome);
        if let Some(count) = place.and_then(|place| trouble.outcomes.get_mut(place)) {
            *count += 1;
        }
    }

    /// What came after an earlier state of this.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let nothing = Trouble::default();
        let trouble = self
            .trouble
            .as_deref()
            .map(|trouble| Box::new(trouble.minus(earlier.trouble.as_deref().unwrap_or(&nothing))));
        Self {
            times: self.times.since(&earlier.times),
            trouble,
            labels: self.labels.clone(),
            ..*self
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.times.merge(&other.times);
        if let Some(other) = &other.trouble {
            self.trouble.get_or_insert_default().add(other);
        }
    }
}

impl Trouble {
    fn add(&mut self, other: &Self) {
        self.with_error += other.with_error;
        for (sum, count) in self.outcomes.iter_mut().zip(other.outcomes) {
            *sum += count;
        }
    }

    fn minus(&self, earlier: &Self) -> Self {
        let mut rest = self.clone();
        rest.with_error = rest.with_error.saturating_sub(earlier.with_error);
        for (rest, before) in rest.outcomes.iter_mut().zip(earlier.outcomes) {
            *rest = rest.saturating_sub(before);
        }
        rest
    }
}

/// `None` for `completed`.
fn trouble_place(outcome: Outcome) -> Option<usize> {
    OUTCOMES.iter().position(|other| *other == outcome)
}

/// All but `completed`.
pub(super) const OUTCOMES: [Outcome; 6] = [
    Outcome::Abandoned,
    Outcome::Cancelled,
    Outcome::Truncated,
    Outcome::Failed,
    Outcome::TimedOut,
    Outcome::Panicked,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(outcome: Outcome, nanos: u64) -> Ending {
        Ending {
            outcome,
            nanos,
            has_error: outcome == Outcome::Failed,
        }
    }

    #[test]
    fn every_outcome_is_counted_alone() {
        let mut series = Series::default();
        for (count, outcome) in (1..).zip(OUTCOMES.into_iter().chain([Outcome::Completed])) {
            (0..count).for_each(|_| series.record(ending(outcome, 10)));
        }
        for (count, outcome) in (1..).zip(OUTCOMES.into_iter().chain([Outcome::Completed])) {
            assert_eq!(series.count_of(outcome), count, "{outcome}");
        }
        assert_eq!((series.count(), series.with_error()), (28, 4));
        assert_eq!(series.total(), Duration::from_nanos(280));
        let ten = Duration::from_nanos(10);
        let bucket = Bucket {
            first: ten,
            last: ten,
            count: 28,
        };
        assert!(series.buckets().eq([bucket]));
    }

    #[test]
    fn an_idle_series_is_small() {
        let mut series = Series::default();
        series.record(ending(Outcome::Completed, 1_000_000));
        let heap = series.times.memory_bytes() - size_of::<Times>();
        let bytes = size_of::<Series>() + heap;
        assert!(bytes < 300, "{bytes} bytes without the labels' text");
    }

    #[test]
    fn a_part_and_what_came_since_make_the_whole() {
        let mut series = Series::default();
        series.record(ending(Outcome::Failed, 10));
        let earlier = series.clone();
        series.record(ending(Outcome::Failed, 20));
        series.record(ending(Outcome::Completed, 30));
        let since = series.since(&earlier);
        assert_eq!((since.count(), since.count_of(Outcome::Failed)), (2, 1));
        let mut whole = earlier;
        whole.merge(&since);
        assert_eq!(whole.count_of(Outcome::Failed), 2);
        assert_eq!(
            (whole.total(), whole.max()),
            (series.total(), Duration::from_nanos(30))
        );
    }
}

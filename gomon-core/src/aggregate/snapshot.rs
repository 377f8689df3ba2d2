use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::label::Labels;
use super::series::{OUTCOMES, Series};
use crate::event::outcome::Outcome;

/// Exact counts and times of all events since gomon started, by fingerprint and
/// [labels](crate::Label): also of those that sampling or a filter keeps from the listeners.
///
/// [`Listener::aggregates`](crate::Listener::aggregates) is handed one from time to time, and
/// [`aggregates`](crate::aggregates) asks for one. It is a handle, cheap to clone, and never
/// changes; series in which nothing happened are shared by all snapshots.
///
/// Only head sampling is not seen through: what it leaves out is never recorded.
///
/// ```
/// use gomon_core::{Label, Snapshot};
///
/// /// Requests a second of each route between two snapshots.
/// fn rates(earlier: &Snapshot, now: &Snapshot) -> Vec<(String, f64)> {
///     let period = now.since(earlier);
///     let seconds = period.lapsed().as_secs_f64();
///     let of_requests = period.find("http-wmux-servehttp");
///     of_requests
///         .filter_map(|series| {
///             let route = series.label(Label::Route)?.to_owned();
///             Some((route, series.count() as f64 / seconds))
///         })
///         .collect()
/// }
/// # rates(&Snapshot::default(), &Snapshot::default());
/// ```
///
/// As JSON: `{"from", "to", "series": [{"fp", "labels": {…}, "count", "outcomes": {…}, "with_error",
/// "total", "min", "max", "p50", "p90", "p99", "buckets": [[first, last, count], …]}]}`, all times
/// in nanoseconds, `"overflow": true` where a series is one.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    from_unix_ns: u64,
    to_unix_ns: u64,
    series: Vec<Arc<Series>>,
}

impl Snapshot {
    pub(crate) fn new(from_unix_ns: u64, to_unix_ns: u64, series: Vec<Arc<Series>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                from_unix_ns,
                to_unix_ns,
                series,
            }),
        }
    }

    /// When the period begins: as gomon did, or at the earlier one of two [snapshots](Self::since).
    #[must_use]
    pub fn from(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.inner.from_unix_ns)
    }

    /// When the period ends.
    #[must_use]
    pub fn to(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.to_unix_ns())
    }

    pub(crate) fn to_unix_ns(&self) -> u64 {
        self.inner.to_unix_ns
    }

    /// How long the period is.
    #[must_use]
    pub fn lapsed(&self) -> Duration {
        let (from, to) = (self.inner.from_unix_ns, self.to_unix_ns());
        Duration::from_nanos(to.saturating_sub(from))
    }

    /// All series, in the order in which they were first seen.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.inner.series.iter().map(Arc::as_ref)
    }

    /// The series of a fingerprint.
    pub fn find(&self, fp: &str) -> impl Iterator<Item = &Series> {
        self.series().filter(move |series| series.fp() == fp)
    }

    /// How many events of a fingerprint there were.
    #[must_use]
    pub fn count(&self, fp: &str) -> u64 {
        self.find(fp).map(Series::count).sum()
    }

    /// What happened after an earlier snapshot of the same run: the series in which something did.
    /// The least and the greatest time of a series are then those of the buckets, within 3.2 %.
    ///
    /// A snapshot that is not an earlier one of the same run takes nothing away.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let same_run = earlier.inner.from_unix_ns == self.inner.from_unix_ns;
        if !same_run || earlier.to_unix_ns() > self.to_unix_ns() {
            return self.clone();
        }
        let before = earlier.by_key();
        let changed = |series: &Arc<Series>| match before.get(&key(series)) {
            None => Some(Arc::clone(series)),
            Some(known) if known.count() == series.count() => None,
            Some(known) => Some(Arc::new(series.since(known))),
        };
        let series = self.inner.series.iter().filter_map(changed).collect();
        Self::new(earlier.to_unix_ns(), self.to_unix_ns(), series)
    }

    /// Both together, as of two periods or two processes; the period is that from the first to the
    /// last.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        let mut series = self.inner.series.clone();
        let known: HashMap<_, _> = (0..).zip(&series).map(|(at, s)| (key(s), at)).collect();
        let places: Vec<Option<usize>> = other
            .inner
            .series
            .iter()
            .map(|series| known.get(&key(series)).copied())
            .collect();
        drop(known);
        for (place, other) in places.into_iter().zip(&other.inner.series) {
            match place.and_then(|place| series.get_mut(place)) {
                Some(series) => Arc::make_mut(series).merge(other),
                None => series.push(Arc::clone(other)),
            }
        }
        Self::new(
            self.inner.from_unix_ns.min(other.inner.from_unix_ns),
            self.to_unix_ns().max(other.to_unix_ns()),
            series,
        )
    }

    fn by_key(&self) -> HashMap<Key<'_>, &Series> {
        self.series().map(|series| (key(series), series)).collect()
    }
}

type Key<'a> = (&'static str, bool, &'a Labels);

fn key(series: &Series) -> Key<'_> {
    (series.fp, series.is_overflow, &series.labels)
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Snapshot", 3)?;
        out.serialize_field("from", &self.inner.from_unix_ns)?;
        out.serialize_field("to", &self.to_unix_ns())?;
        out.serialize_field("series", &List(|| self.series()))?;
        out.end()
    }
}

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Series", 13)?;
        out.serialize_field("fp", self.fp())?;
        let labels = || self.labels().map(|(label, value)| (label.as_str(), value));
        out.serialize_field("labels", &Map(labels))?;
        if self.is_overflow() {
            out.serialize_field("overflow", &true)?;
        }
        out.serialize_field("count", &self.count())?;
        let outcomes = || {
            let all = [Outcome::Completed].into_iter().chain(OUTCOMES);
            let counted = all.map(|outcome| (outcome.as_str(), self.count_of(outcome)));
            counted.filter(|(_, count)| *count > 0)
        };
        out.serialize_field("outcomes", &Map(outcomes))?;
        out.serialize_field("with_error", &self.with_error())?;
        out.serialize_field("total", &Nanos(self.times.total()))?;
        out.serialize_field("min", &self.times.min())?;
        out.serialize_field("max", &self.times.max())?;
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            out.serialize_field(name, &self.times.quantile(share))?;
        }
        out.serialize_field("buckets", &List(|| self.times.buckets()))?;
        out.end()
    }
}

/// What an iterator yields, as a list.
struct List<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for List<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(None)?;
        (self.0)().try_for_each(|item| out.serialize_element(&item))?;
        out.end()
    }
}

/// What an iterator yields, as a map.
struct Map<F>(F);

impl<F, I, V> Serialize for Map<F>
where
    F: Fn() -> I,
    I: Iterator<Item = (&'static str, V)>,
    V: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        (self.0)().try_for_each(|(key, value)| out.serialize_entry(key, &value))?;
        out.end()
    }
}

/// A sum of times, which 64 bits are too few for where 100,000 connections stay open for days: it
/// is then a float, since most readers of JSON take no longer integers.
struct Nanos(u128);

impl Serialize for Nanos {
    #[expect(clippy::cast_precision_loss, reason = "said above")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u64::try_from(self.0) {
            Ok(nanos) => serializer.serialize_u64(nanos),
            Err(_) => serializer.serialize_f64(self.0 as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::label::Label;
    use super::super::series::Ending;
    use super::super::table::Table;
    use super::*;

    fn record(table: &mut Table, route: &str, outcome: Outcome, nanos: u64) {
        let ending = Ending {
            outcome,
            nanos,
            has_error: outcome == Outcome::Failed,
        };
        table.record_route("req", route, ending);
    }

    /// A table and a snapshot of it at 20 that began at 10.
    fn started() -> (Table, Snapshot) {
        let mut table = Table::new(10);
        record(&mut table, "/a", Outcome::Completed, 5);
        record(&mut table, "/b", Outcome::Failed, 7);
        let snapshot = Snapshot::new(10, 20, table.share());
        (table, snapshot)
    }

    #[test]
    fn since_has_what_came_after_the_earlier_one() {
        let (mut table, earlier) = started();
        record(&mut table, "/b", Outcome::Completed, 9);
        record(&mut table, "/c", Outcome::Completed, 1);
        let later = Snapshot::new(10, 30, table.share());
        let since = later.since(&earlier);
        assert_eq!((since.inner.from_unix_ns, since.to_unix_ns()), (20, 30));
        let epoch = SystemTime::UNIX_EPOCH;
        assert_eq!(since.from(), epoch + Duration::from_nanos(20));
        assert_eq!(since.to(), epoch + Duration::from_nanos(30));
        let routes: Vec<_> = since
            .series()
            .map(|series| (series.label(Label::Route).unwrap(), series.count()))
            .collect();
        assert_eq!(routes, [("/b", 1), ("/c", 1)]);
        let b = since.series().next().unwrap();
        assert_eq!((b.count_of(Outcome::Failed), b.with_error()), (0, 0));
        assert_eq!(later.since(&later).series().count(), 0);
    }

    #[test]
    fn another_run_or_a_later_snapshot_takes_nothing_away() {
        let (_, snapshot) = started();
        let other_run = Snapshot::new(11, 12, Vec::new());
        let later = Snapshot::new(10, 30, snapshot.inner.series.clone());
        for other in [other_run, later] {
            assert_eq!(snapshot.since(&other).count("req"), 2);
        }
    }

    #[test]
    fn merging_adds_series_of_the_same_labels() {
        let (mut table, one) = started();
        record(&mut table, "/a", Outcome::Completed, 9);
        record(&mut table, "/c", Outcome::Completed, 1);
        let two = Snapshot::new(5, 12, table.share());
        let both = one.merge(&two);
        assert_eq!((both.inner.from_unix_ns, both.to_unix_ns()), (5, 20));
        let counts: Vec<_> = both.series().map(Series::count).collect();
        assert_eq!(counts, [3, 2, 1]);
        assert_eq!((one.count("req"), both.count("req")), (2, 6));
    }

    #[test]
    fn as_json_it_has_everything() {
        let (_, snapshot) = started();
        let json = serde_json::to_value(&snapshot).unwrap();
        assert_eq!((&json["from"], &json["to"]), (&10.into(), &20.into()));
        assert_eq!(
            json["series"][1].to_string(),
            r#"{"fp":"req","labels":{"route":"/b"},"count":1,"outcomes":{"failed":1},"with_error":1,"total":7,"min":7,"max":7,"p50":7,"p90":7,"p99":7,"buckets":[[7,7,1]]}"#
        );
    }

    #[test]
    fn a_sum_of_times_beyond_64_bits_is_still_a_number() {
        let mut table = Table::new(10);
        (0..2).for_each(|_| record(&mut table, "/a", Outcome::Completed, u64::MAX));
        let snapshot = Snapshot::new(0, 1, table.share());
        let json = serde_json::to_value(&snapshot).unwrap();
        assert_eq!(json["series"][0]["total"], 2.0 * 2f64.powi(64));
    }
}

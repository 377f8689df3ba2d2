//! Exact counts and times of everything that happened, made on the bus from every event before any
//! is sampled or filtered.
//!
//! [`Aggregates`] takes each closing event of the process: a reader finds its labels, a table the
//! series of its fingerprint and labels, which counts it. From time to time a [`Snapshot`] of all
//! series is handed to the listeners.

#[cfg(test)]
mod cost;
pub(crate) mod label;
pub(crate) mod log_linear;
mod reading;
pub(crate) mod series;
pub(crate) mod snapshot;
mod table;

use crate::event::Event;
use reading::Reader;
use series::Ending;
use snapshot::Snapshot;
use table::Table;

/// What was counted in a run of gomon.
#[derive(Debug)]
pub(crate) struct Aggregates {
    reader: Reader,
    table: Table,
    from_unix_ns: u64,
}

impl Aggregates {
    /// Begins at a time, with room for so many series.
    pub(crate) fn new(from_unix_ns: u64, series_limit: usize) -> Self {
        Self {
            reader: Reader::new(),
            table: Table::new(series_limit),
            from_unix_ns,
        }
    }

    /// Counts an event, unless it is an opening one.
    #[inline]
    pub(crate) fn record(&mut self, event: &Event) {
        let (Some(outcome), Some(lapsed)) = (event.outcome(), event.lapsed()) else {
            return;
        };
        let errors = event.errors();
        let ending = Ending {
            outcome,
            nanos: u64::try_from(lapsed.as_nanos()).unwrap_or(u64::MAX),
            has_error: !errors.is_empty(),
        };
        let labels = self.reader.labels(event.fp(), event.attributes(), errors);
        self.table.record(event.fp(), &labels, ending);
    }

    pub(crate) fn snapshot(&mut self, now_unix_ns: u64) -> Snapshot {
        Snapshot::new(self.from_unix_ns, now_unix_ns, self.table.share())
    }
}

impl Default for Aggregates {
    fn default() -> Self {
        Self::new(0, SERIES_LIMIT)
    }
}

/// Series of a run, unless a program wants another number.
pub(crate) const SERIES_LIMIT: usize = 2000;

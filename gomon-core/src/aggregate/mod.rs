//! Exact counts and times of everything that happened, made on the bus from every event before any
//! is sampled or filtered.
//!
//! [`Aggregates`] takes each closing event of the process: `reading` finds its labels, a table the
//! series of its fingerprint and labels, which counts it. From time to time a [`Snapshot`] of all
//! series is handed to the listeners.

pub(crate) mod label;
pub(crate) mod log_linear;
mod reading;
mod row;
pub(crate) mod series;
pub(crate) mod snapshot;
mod table;

use crate::clock::Speed;
use crate::event::flags::Flags;
use crate::event::handed::Brief;
use crate::event::record::Record;
use crate::event::shape::Row;
use reading::Sources;
use series::Ending;
use snapshot::Snapshot;
use table::Table;

/// What was counted in a run of gomon.
#[derive(Debug)]
pub(crate) struct Aggregates {
    sources: Sources,
    table: Table,
    from_unix_ns: u64,
}

impl Aggregates {
    /// Begins at a time, with room for so many series.
    pub(crate) fn new(from_unix_ns: u64, series_limit: usize) -> Self {
        Self {
            sources: Sources::default(),
            table: Table::new(series_limit),
            from_unix_ns,
        }
    }

    /// Counts an event, unless it is an opening one. `row` is that of its inline keys, where it is
    /// known. The record is only looked at if it may have labels.
    #[inline(always)]
    pub(crate) fn record(
        &mut self,
        brief: &Brief,
        speed: Speed,
        record: &Record,
        row: Option<Row>,
    ) {
        if brief.flags().has(Flags::OPENING) {
            return;
        }
        let ending = Ending {
            outcome: brief.outcome(),
            nanos: brief.nanos(speed),
            has_error: false,
        };
        if brief.flags().has(Flags::LABELLED.and(Flags::BESIDE)) {
            self.record_labelled(*brief, ending, record, row);
        } else {
            self.table.record_unlabelled(brief.fp, ending);
        }
    }

    #[inline(never)]
    fn record_labelled(&mut self, brief: Brief, ending: Ending, record: &Record, row: Option<Row>) {
        let ending = Ending {
            has_error: !record.errors().is_empty(),
            ..ending
        };
        let fp = self.table.hash(brief.fp);
        let sources = self.sources.of(record, row);
        let hash = reading::hash(record, sources, self.table.keys(), fp);
        let labels = || reading::labels(record, sources);
        self.table.record(hash, ending, brief.fp, labels);
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

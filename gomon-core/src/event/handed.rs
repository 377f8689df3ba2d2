//! What a thread hands to the bus.

use crate::clock::{Speed, Stamp};
use crate::event::flags::Flags;
use crate::event::id::TraceId;
use crate::event::outcome::Outcome;
use crate::event::record::Record;

/// A finished record, and in brief what the bus has to know of it.
///
/// Most records are never looked into by the bus: it reads what is here, 64 bytes after the other in the order in which
/// they were written, and the record stays in the cache of the thread that will fill it again.
///
/// Aligned, so that each takes one cache line of the ring.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Handed {
    pub(crate) record: Box<Record>,
    pub(crate) brief: Brief,
}

/// What is known of an event without a look at its record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief {
    pub(crate) fp: &'static str,
    /// The halves of its id, the high one first: 128 bits would be aligned, and make a cache line two.
    trace: [u64; 2],
    pub(crate) start: Stamp,
    pub(crate) end: Stamp,
    /// Scope, flags and outcome, from the high bits to the low ones. Words alone: what has smaller parts is moved by
    /// pieces that overlap, and to read one that was written so has to wait for the writing.
    rest: u64,
}

impl Handed {
    /// Hands over what ended then.
    #[inline]
    pub(crate) fn new(mut record: Box<Record>, end: Stamp) -> Self {
        record.end = end;
        // Not read back from there: two numbers at once, of which one was written just now, have to wait for it.
        let brief = Brief {
            end,
            ..Brief::of(&record)
        };
        Self { record, brief }
    }
}

impl Brief {
    #[inline]
    pub(crate) fn of(record: &Record) -> Self {
        let flags = record.flags.and(Flags::BESIDE.when(record.has_rare()));
        Self {
            fp: record.fp,
            trace: halves(record.trace),
            start: record.start,
            end: record.end,
            rest: u64::from(record.scope) << 32
                | u64::from(flags.bits()) << 8
                | record.outcome as u64,
        }
    }

    #[inline]
    pub(crate) fn trace(&self) -> TraceId {
        let [high, low] = self.trace;
        TraceId(u128::from(high) << 64 | u128::from(low))
    }

    #[inline]
    pub(crate) fn scope(&self) -> u32 {
        (self.rest >> 32) as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "these bits are meant")]
    pub(crate) fn flags(&self) -> Flags {
        Flags::of_bits((self.rest >> 8) as u16)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "these bits are meant")]
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::numbered(self.rest as u8)
    }

    /// From start to finish.
    #[inline]
    pub(crate) fn nanos(&self, speed: Speed) -> u64 {
        speed.nanos_between(self.start, self.end)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
fn halves(trace: TraceId) -> [u64; 2] {
    [(trace.0 >> 64) as u64, trace.0 as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_one_cache_line() {
        assert_eq!(size_of::<Option<Handed>>(), 64);
        assert_eq!(align_of::<Handed>(), 64);
    }

    #[test]
    fn a_trace_id_comes_back_as_it_was() {
        let mut record = Record::blank();
        record.trace = TraceId(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);
        assert_eq!(Brief::of(&record).trace(), record.trace);
    }

    #[test]
    fn scope_flags_and_outcome_come_back_as_they_were() {
        for outcome in Outcome::ALL {
            let mut record = Record::blank();
            record.scope = 0x8765_4321;
            record.flags = Flags::OPENING.and(Flags::LABELLED);
            record.outcome = outcome;
            let brief = Brief::of(&record);
            let read = (brief.scope(), brief.flags(), brief.outcome());
            assert_eq!(read, (record.scope, record.flags, outcome));
        }
    }
}

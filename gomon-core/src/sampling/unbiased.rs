//! The proof that sums of weights stand for everything there was.

use crate::event::id::TraceId;
use crate::sampling::ratio::Ratio;
use crate::sampling::sampler::Verdict;
use crate::sampling::traces::{Facts, Limits, Traces, offer};

/// A million events in traces of one to eight, interleaved, with merit here and there, some
/// too long for their bounds and some with late members: each event comes out once, and sums
/// of weights are within 1 % of what went in, for each of eight kinds of event as well.
#[test]
fn weights_are_unbiased() {
    let bounds = Limits {
        trace_events: 5,
        trace_nanos: 300,
        total_bytes: 100_000,
        decided: 100,
        ..Limits::default()
    };
    let mut traces = Traces::new(Ratio::new(0.3), bounds);
    let mut out = Vec::new();
    let mut give = |item: u64, verdict: Verdict| out.push((item, verdict));
    let mut random = Random(42);
    let mut open: Vec<(TraceId, u64)> = Vec::new();
    for item in 0..EVENTS {
        traces.expire(item, &mut give);
        let at = usize::try_from(random.below(200)).unwrap();
        if at >= open.len() {
            open.push((random.trace(), random.below(8)));
        }
        let at = at.min(open.len() - 1);
        let (trace, left) = &mut open[at];
        let facts = Facts {
            trace: *trace,
            // Kind 7 deserves to be kept: its traces are kept more often than by the ratio.
            merit: item % 8 == 7 && random.below(10) == 0,
            root: *left == 1,
            bytes: 1000,
        };
        offer(&mut traces, item, &facts, item, &mut give);
        match *left {
            // One in ten has an event after its root.
            0 => _ = open.swap_remove(at),
            1 if random.below(10) > 0 => _ = open.swap_remove(at),
            _ => *left -= 1,
        }
    }
    traces.settle(&mut give);
    let mut by_kind = [0.0; 8];
    for (item, verdict) in &out {
        if let Verdict::Keep { weight } = verdict {
            by_kind[usize::try_from(item % 8).unwrap()] += weight.unwrap();
        }
    }
    let all = EVENTS as f64;
    let total: f64 = by_kind.iter().sum();
    assert!((total / all - 1.0).abs() < 0.01, "{total} of {all}");
    for kind in by_kind {
        assert!((kind * 8.0 / all - 1.0).abs() < 0.015, "{by_kind:?}");
    }
    out.sort_unstable_by_key(|(item, _)| *item);
    assert!(out.iter().map(|(item, _)| *item).eq(0..EVENTS));
}

const EVENTS: u64 = 1_000_000;

/// splitmix64 (Steele, Lea and Flood, 2014): the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn trace(&mut self) -> TraceId {
        TraceId(u128::from(self.next()) << 64 | u128::from(self.next()))
    }
}

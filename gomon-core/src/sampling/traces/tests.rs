use super::*;

/// Traces with what came out of them.
struct Bench {
    traces: Traces<u64>,
    out: Vec<(u64, Verdict)>,
    now: u64,
}

impl Bench {
    fn new(share: f64, limits: Limits) -> Self {
        Self {
            traces: Traces::new(Ratio::new(share), limits),
            out: Vec::new(),
            now: 0,
        }
    }

    fn offer(&mut self, item: u64, facts: Facts) {
        let out = &mut self.out;
        let mut out = |item, verdict| out.push((item, verdict));
        offer(&mut self.traces, item, &facts, self.now, &mut out);
    }

    fn at(&mut self, nanos: u64) {
        self.now = nanos;
        let out = &mut self.out;
        self.traces
            .expire(nanos, &mut |item, verdict| out.push((item, verdict)));
    }

    fn settle(&mut self) {
        let out = &mut self.out;
        self.traces
            .settle(&mut |item, verdict| out.push((item, verdict)));
    }

    fn taken(&mut self) -> Vec<(u64, Verdict)> {
        std::mem::take(&mut self.out)
    }
}

fn limits() -> Limits {
    Limits::default()
}

fn child(trace: TraceId) -> Facts {
    Facts {
        trace,
        merit: false,
        root: false,
        bytes: 1000,
    }
}

fn root(trace: TraceId) -> Facts {
    Facts {
        root: true,
        ..child(trace)
    }
}

fn with_merit(facts: Facts) -> Facts {
    Facts {
        merit: true,
        ..facts
    }
}

fn kept(item: u64, weight: f64) -> (u64, Verdict) {
    let weight = Some(weight);
    (item, Verdict::Keep { weight })
}

/// Traces that a ratio of a half keeps and drops.
const IN: TraceId = TraceId(0xff_ffff_ffff_ffff);
const OUT: TraceId = TraceId(1);

#[test]
fn a_trace_waits_for_its_root_and_comes_out_in_order() {
    let mut bench = Bench::new(0.5, limits());
    for trace in [IN, OUT] {
        bench.offer(1, child(trace));
        bench.offer(2, child(trace));
        assert_eq!(bench.taken(), []);
        assert_eq!(
            bench.traces.held(),
            Held {
                events: 2,
                bytes: 2000
            }
        );
        bench.offer(3, root(trace));
        let expected = match trace {
            IN => [1, 2, 3].map(|item| kept(item, 2.0)),
            _ => [1, 2, 3].map(|item| (item, Verdict::Drop)),
        };
        assert_eq!(bench.taken(), expected);
        assert_eq!(bench.traces.held(), Held::default());
    }
}

#[test]
fn the_merit_of_any_member_keeps_all_of_it() {
    for at in 0..4 {
        let mut bench = Bench::new(0.5, limits());
        for item in 0..4 {
            let facts = if item == 2 { root(OUT) } else { child(OUT) };
            let facts = if item == at { with_merit(facts) } else { facts };
            bench.offer(item, facts);
        }
        bench.settle();
        let all = (0..4).map(|item| kept(item, 1.0)).collect::<Vec<_>>();
        match at {
            // It came after the root had decided.
            3 => assert_eq!(bench.taken().last(), all.last()),
            _ => assert_eq!(bench.taken(), all),
        }
    }
}

#[test]
fn a_second_root_of_a_trace_is_judged_for_itself() {
    let mut bench = Bench::new(0.5, limits());
    bench.offer(1, root(OUT));
    bench.offer(2, child(OUT));
    bench.offer(3, with_merit(root(OUT)));
    bench.offer(4, root(OUT));
    let expected = [(1, Verdict::Drop), kept(2, 1.0), kept(3, 1.0), kept(4, 1.0)];
    assert_eq!(bench.taken(), expected);
}

#[test]
fn past_a_traces_bounds_the_ratio_decides_and_the_rest_follows() {
    let by_events = Limits {
        trace_events: 2,
        ..limits()
    };
    let by_bytes = Limits {
        trace_bytes: 2999,
        ..limits()
    };
    for bounds in [by_events, by_bytes] {
        let mut bench = Bench::new(0.5, bounds);
        for item in 0..3 {
            assert_eq!(bench.taken(), []);
            bench.offer(item, child(OUT));
        }
        bench.offer(3, with_merit(root(OUT)));
        let dropped = (0..4).map(|item| (item, Verdict::Drop));
        assert_eq!(bench.taken(), dropped.collect::<Vec<_>>());
        // With its root it is forgotten.
        bench.offer(4, with_merit(root(OUT)));
        assert_eq!(bench.taken(), [kept(4, 1.0)]);
    }
}

#[test]
fn nothing_waits_for_longer_than_it_may() {
    let mut bench = Bench::new(0.5, limits());
    bench.offer(1, child(OUT));
    bench.at(1);
    bench.offer(2, child(IN));
    bench.at(limits().trace_nanos - 1);
    assert_eq!(bench.taken(), []);
    bench.at(limits().trace_nanos);
    assert_eq!(bench.taken(), [(1, Verdict::Drop)]);
    bench.at(limits().trace_nanos + 1);
    assert_eq!(bench.taken(), [kept(2, 2.0)]);
    bench.offer(3, child(IN));
    assert_eq!(bench.taken(), [kept(3, 2.0)]);
}

#[test]
fn past_the_bound_of_all_the_oldest_goes_first() {
    let bounds = Limits {
        total_bytes: 3000,
        ..limits()
    };
    let mut bench = Bench::new(0.5, bounds);
    bench.offer(1, child(OUT));
    bench.offer(2, child(IN));
    bench.offer(3, child(OUT));
    bench.offer(4, child(IN));
    assert_eq!(bench.taken(), [(1, Verdict::Drop), (3, Verdict::Drop)]);
    assert_eq!(bench.traces.held().bytes, 2000);
}

#[test]
fn no_more_decisions_are_remembered_than_there_is_room_for() {
    let bounds = Limits {
        decided: 10,
        ..limits()
    };
    let mut bench = Bench::new(0.5, bounds);
    for n in 0..10_000_u128 {
        bench.offer(1, with_merit(child(TraceId(n << 64 | 1))));
        bench.offer(1, child(TraceId(n << 64 | 2)));
        bench.offer(1, root(TraceId(n << 64 | 2)));
    }
    assert!(bench.traces.units.len() <= 12);
    assert_eq!(bench.traces.known.len(), 10);
}

#[test]
fn with_a_ratio_of_one_nothing_waits() {
    let mut bench = Bench::new(1.0, limits());
    bench.offer(1, child(OUT));
    assert_eq!(bench.taken(), [kept(1, 1.0)]);
}

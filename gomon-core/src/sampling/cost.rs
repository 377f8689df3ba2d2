//! What sampling costs for each event, by hand: `cargo test --release -p gomon-core --lib
//! sampling::cost -- --ignored --nocapture`.

use std::time::Duration;

use crate::clock;
use crate::event::id::TraceId;
use crate::event::outcome::Outcome;
use crate::sampling::Sampling;
use crate::sampling::merit::{Merit, Seen};
use crate::sampling::ratio::Ratio;
use crate::sampling::traces::{Facts, Limits, Traces};

const TRACES: u64 = 5_000;
const ROUNDS: u64 = 1_000;

/// Traces of a request with three queries, one after the other or eight at a time.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "what was measured")]
fn four_events_a_trace() {
    for (together, merits) in [(1, false), (1, true), (8, false), (8, true)] {
        let sampling = Sampling::ratio(0.1).keep_failed().keep_slow().keep_rare();
        let mut merit = Merit::new(sampling.merits());
        let mut traces = Traces::<u64>::new(Ratio::new(0.1), Limits::default());
        let mut judge = |seen: &Seen<'_>, now| merits && merit.is_worth_keeping(seen, now);
        let rounds = (0..ROUNDS).map(|round| {
            let begin = clock::now();
            for at in (round * TRACES..(round + 1) * TRACES).step_by(together) {
                for part in 0..4 {
                    for number in at..at + together as u64 {
                        let seen = seen(number, part == 3);
                        let facts = Facts {
                            trace: trace(number),
                            merit: judge(&seen, number),
                            root: seen.root,
                            bytes: 1400,
                        };
                        traces.offer(Some(number), facts, number, &mut |_, _| {});
                    }
                }
            }
            clock::nanos_between(begin, clock::now())
        });
        let best = rounds.min().unwrap_or(0) as f64 / (4 * TRACES) as f64;
        println!("{together} at a time, merits {merits}: {best:.1} ns an event");
    }
}

fn trace(number: u64) -> TraceId {
    let low = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    TraceId((u128::from(number) << 66) | u128::from(low))
}

fn seen(number: u64, root: bool) -> Seen<'static> {
    Seen {
        fp: if root {
            "http-wmux-servehttp"
        } else {
            "sql-wconn-queryctx"
        },
        route: root.then_some("/users/{id}"),
        root,
        caller_sampled: false,
        outcome: Outcome::Completed,
        lapsed: Duration::from_nanos(1000 + number % 1000),
    }
}

//! L2: more than anybody could take. The producers go on as if nothing was, memory stays within its cap, and what
//! nobody took is counted.

use std::time::Duration;

use gomon::Event;

use crate::Result;
use crate::checks::Checks;
use crate::length::Length;
use crate::memory::{MOST_MIB, Watch, resident};
use crate::producers::{Offered, unthrottled};
use crate::sink::Sink;
use crate::tcp_lines::TcpLines;

pub(crate) fn run(length: Length, checks: &mut Checks) -> Result<()> {
    let time = length.seconds(4, 60, 300);
    unthrottled(Duration::from_secs(1))?; // gomon does not run yet
    let baseline = resident()?;
    let free = beside_a_listener_that_does_nothing(time / 4)?;

    let mut sink = Sink::start(Some(rate_of(&free) / 10))?;
    let gomon = gomon::builder()
        .named_listener("tcp", TcpLines::connect(sink.address)?)
        .shutdown_deadline(DEADLINE)
        .start()?;
    let watch = Watch::start()?;
    let offered = unthrottled(time)?;
    let seen = watch.stop()?;
    sink.open()?; // what waits has a way out
    let report = gomon.shutdown();
    let got = sink.finish()?;

    checks.figure("events a second", format!("{:.0}", offered.per_second()));
    checks.figure("with an idle listener", format!("{:.0}", free.per_second()));
    // A second of a producer's own time: the sink and the listener need the same two cores.
    let ratio = offered.per_cpu_second() / free.per_cpu_second();
    let held = ratio >= LEAST_THROUGHPUT;
    checks.must(
        "events a CPU second, ratio",
        format!("{ratio:.2}"),
        ">= 0.80",
        held,
    );
    check_calls(length, checks, &offered, &free);
    checks.must_equal("twice or out of order", got.again, 0);
    let dropped = report.dropped();
    checks.must_equal(
        "at the sink + dropped",
        got.events + got.other + dropped,
        report.created,
    );
    let own = report.created - offered.events.min(report.created);
    checks.must("gomon's own records", own, ">= 3", own >= OWN);
    checks.must_balance(&report);
    let most = seen.most_above(baseline);
    checks.must(
        "memory above the baseline, MiB",
        format!("{most:.1}"),
        "< 64",
        most < MOST_MIB,
    );
    Ok(())
}

fn beside_a_listener_that_does_nothing(time: Duration) -> Result<Offered> {
    let gomon = gomon::builder()
        .named_listener("idle", |_: &Event| ())
        .shutdown_deadline(DEADLINE)
        .start()?;
    let offered = unthrottled(time)?;
    drop(gomon);
    Ok(offered)
}

/// A producer that is held up by gomon gives up its core; the machine may take it away at any moment, for as long as it
/// likes, which makes the worst call no measure on a busy one.
fn check_calls(length: Length, checks: &mut Checks, offered: &Offered, free: &Offered) {
    let waits = offered.waits as f64 / offered.events as f64 * 1e6;
    checks.must(
        "waits of the producers a million",
        format!("{waits:.2}"),
        "< 10",
        waits < MOST_WAITS,
    );
    let (worst, worst_free) = (offered.calls.worst(), free.calls.worst());
    checks.figure("worst call", format!("{worst:?}"));
    checks.figure(
        "worst call beside the idle listener",
        format!("{worst_free:?}"),
    );
    if length != Length::Short {
        let bound = WORST_CALL.max(worst_free * 4); // of four times as many calls
        let name = "worst call's bound";
        checks.must(name, format!("{bound:?}"), "above it", worst < bound);
    }
    let (slow, slow_free) = (offered.calls.all_but(0.001), free.calls.all_but(0.001));
    let bound = slow_free * 20;
    checks.must(
        "99.9 % of the calls",
        format!("< {slow:?}"),
        &format!("< {bound:?}"),
        slow < bound,
    );
}

fn rate_of(offered: &Offered) -> u64 {
    let nanos = u64::try_from(offered.elapsed.as_nanos()).unwrap_or(u64::MAX);
    let rate = u128::from(offered.events) * 1_000_000_000 / u128::from(nanos.max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

const DEADLINE: Duration = Duration::from_secs(20);
const LEAST_THROUGHPUT: f64 = 0.8;
const MOST_WAITS: f64 = 10.0;
const WORST_CALL: Duration = Duration::from_millis(50);
/// The application event, the last report and the end.
const OWN: u64 = 3;

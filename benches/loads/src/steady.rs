//! L1: a load that gomon carries for as long as one likes.

use std::time::Duration;

use crate::Result;
use crate::checks::Checks;
use crate::length::Length;
use crate::memory::{MOST_MIB, Watch, resident};
use crate::producers::paced;
use crate::sink::Sink;
use crate::tcp_lines::TcpLines;

pub(crate) fn run(length: Length, checks: &mut Checks) -> Result<()> {
    let rate = length.pick(20_000, 100_000, 100_000);
    let time = length.seconds(5, 120, 600);
    paced(rate, Duration::from_secs(1))?; // gomon does not run yet
    let baseline = resident()?;

    let sink = Sink::start(f64::INFINITY)?;
    let gomon = gomon::builder()
        .named_listener("tcp", TcpLines::connect(sink.address)?)
        .shutdown_deadline(DEADLINE)
        .start()?;
    let watch = Watch::start()?;
    let offered = paced(rate, time)?;
    let seen = watch.stop()?;
    let report = gomon.shutdown();
    let got = sink.finish()?;

    let achieved = offered.per_second();
    let share = achieved / rate as f64;
    checks.figure("events a second", format!("{achieved:.0} of {rate}"));
    if length != Length::Short {
        let held = share >= LEAST_SHARE;
        checks.must("of the rate", format!("{share:.3}"), ">= 0.95", held);
    }
    checks.must_equal("dropped", report.dropped(), 0);
    checks.must_equal("at the sink", got.events, offered.events);
    checks.must_equal("twice or out of order", got.again, 0);
    checks.must_equal("all records", got.events + got.other, report.created);
    checks.must_balance(&report);
    let most = seen.most_above(baseline);
    checks.must(
        "memory above the baseline, MiB",
        format!("{most:.1}"),
        "< 64",
        most < MOST_MIB,
    );
    let slope = format!("{:.2}", seen.slope());
    match length {
        // The first minute fills what is filled once.
        Length::Short => checks.figure("memory's slope, MiB a minute", slope),
        Length::Usual | Length::Full => {
            let flat = seen.slope() < STEEPEST;
            checks.must("memory's slope, MiB a minute", slope, "< 1", flat);
        }
    }
    Ok(())
}

const DEADLINE: Duration = Duration::from_secs(20);
const LEAST_SHARE: f64 = 0.95;
const STEEPEST: f64 = 1.0;

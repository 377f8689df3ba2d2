//! L2: more than anybody could take. The producers go on as if nothing was, memory stays within its cap, and what
//! nobody took is counted.

use std::fmt::{Display, Formatter};
use std::process::{Command, Stdio};
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
    let free = beside_an_idle_listener(time / 4)?;

    let mut sink = Sink::start(free.per_second / 10.0)?;
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
    checks.figure("with an idle listener", format!("{:.0}", free.per_second));
    // A second of a producer's own time: the sink and the listener need the same two cores.
    let ratio = offered.per_cpu_second() / free.per_cpu_second;
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

/// The same beside a listener that does nothing, in a process of its own: its memory is not to be found in ours.
fn beside_an_idle_listener(time: Duration) -> Result<Free> {
    let output = Command::new(std::env::current_exe()?)
        .args([ROLE, &time.as_millis().to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    Free::read(&String::from_utf8(output.stdout)?)
}

/// The process that does so: says what it found.
pub(crate) fn run_idle(milliseconds: &str) -> Result<()> {
    let time = Duration::from_millis(milliseconds.parse()?);
    let gomon = gomon::builder()
        .named_listener("idle", |_: &Event| ())
        .shutdown_deadline(DEADLINE)
        .start()?;
    let offered = unthrottled(time)?;
    drop(gomon);
    println!("{}", Free::of(&offered));
    Ok(())
}

/// What producers do that nobody holds up.
#[derive(Debug)]
struct Free {
    per_second: f64,
    per_cpu_second: f64,
    worst: Duration,
    slow: Duration,
}

impl Free {
    fn of(offered: &Offered) -> Self {
        Self {
            per_second: offered.per_second(),
            per_cpu_second: offered.per_cpu_second(),
            worst: offered.calls.worst(),
            slow: offered.calls.all_but(SLOW),
        }
    }

    fn read(said: &str) -> Result<Self> {
        let figures: Vec<f64> = said
            .split_whitespace()
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        let [per_second, per_cpu_second, worst, slow] = figures[..] else {
            return Err(format!("the run beside the idle listener says {said:?}").into());
        };
        Ok(Self {
            per_second,
            per_cpu_second,
            worst: Duration::from_secs_f64(worst),
            slow: Duration::from_secs_f64(slow),
        })
    }
}

impl Display for Free {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self {
            per_second,
            per_cpu_second,
            worst,
            slow,
        } = self;
        let (worst, slow) = (worst.as_secs_f64(), slow.as_secs_f64());
        write!(f, "{per_second} {per_cpu_second} {worst} {slow}")
    }
}

/// A producer that is held up by gomon gives up its core; the machine may take it away at any moment, for as long as it
/// likes, which makes the worst call no measure on a busy one.
fn check_calls(length: Length, checks: &mut Checks, offered: &Offered, free: &Free) {
    let waits = offered.waits as f64 / offered.events as f64 * 1e6;
    checks.must(
        "waits of the producers a million",
        format!("{waits:.2}"),
        "< 10",
        waits < MOST_WAITS,
    );
    let (worst, worst_free) = (offered.calls.worst(), free.worst);
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
    let (slow, slow_free) = (offered.calls.all_but(SLOW), free.slow);
    let bound = slow_free * 20;
    checks.must(
        "99.9 % of the calls",
        format!("< {slow:?}"),
        &format!("< {bound:?}"),
        slow < bound,
    );
}

/// The first argument of a process that produces beside an idle listener; the second is for how many ms.
pub(crate) const ROLE: &str = "idle";
const DEADLINE: Duration = Duration::from_secs(20);
const LEAST_THROUGHPUT: f64 = 0.8;
/// The share of the calls that may be slower than most.
const SLOW: f64 = 0.001;
const MOST_WAITS: f64 = 10.0;
const WORST_CALL: Duration = Duration::from_millis(50);
/// The application event, the last report and the end.
const OWN: u64 = 3;

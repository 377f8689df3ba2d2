//! L3: a listener that never returns harms itself alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gomon::{Event, monotonic};

use crate::Result;
use crate::checks::Checks;
use crate::length::Length;
use crate::memory::{MOST_MIB, Watch, resident};
use crate::producers::paced;
use crate::sequence::{Counts, Sequence};

pub(crate) fn run(length: Length, checks: &mut Checks) -> Result<()> {
    let rate = length.pick(20_000, 100_000, 100_000);
    let time = length.seconds(5, 60, 120);
    paced(rate, Duration::from_secs(1))?; // gomon does not run yet
    let baseline = resident()?;

    let healthy = [Counted::default(), Counted::default()];
    let [first, second] = &healthy;
    let gomon = gomon::builder()
        .named_listener("first", first.listener())
        .named_listener("stuck", |_: &Event| {
            loop {
                std::thread::park();
            }
        })
        .named_listener("second", second.listener())
        .start()?;
    let watch = Watch::start()?;
    let offered = paced(rate, time)?;
    let seen = watch.stop()?;
    let begin = monotonic();
    let report = gomon::shutdown(DEADLINE);
    let took = monotonic() - begin;
    drop(gomon);

    checks.figure("events a second", format!("{:.0}", offered.per_second()));
    for (name, counted) in ["first", "second"].into_iter().zip(&healthy) {
        let got = counted.get();
        checks.must_equal(&format!("{name}: events"), got.events, offered.events);
        checks.must_equal(&format!("{name}: twice or out of order"), got.again, 0);
    }
    checks.must_balance(&report);
    let most = seen.most_above(baseline);
    checks.must(
        "memory above the baseline, MiB",
        format!("{most:.1}"),
        "< 64",
        most < MOST_MIB,
    );
    let bound = DEADLINE + GRACE;
    checks.must(
        "shutdown(2 s) took",
        format!("{took:.2?}"),
        &format!("<= {bound:?}"),
        took <= bound,
    );
    Ok(())
}

#[derive(Clone, Default)]
struct Counted(Arc<Mutex<Sequence>>);

impl Counted {
    fn listener(&self) -> impl FnMut(&Event) + Send + 'static {
        let sequence = Arc::clone(&self.0);
        move |event: &Event| {
            sequence
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .note_event(event);
        }
    }

    fn get(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counts
    }
}

const DEADLINE: Duration = Duration::from_secs(2);
const GRACE: Duration = Duration::from_millis(500);

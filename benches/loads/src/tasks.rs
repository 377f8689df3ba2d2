//! L10: a hundred thousand tasks at once, each an open event.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gomon::{Event, Outcome, in_flight};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::Result;
use crate::checks::Checks;
use crate::length::Length;
use crate::memory::{keep_heaps_trimmed, resident, resident_in_use};

pub(crate) fn run(length: Length, checks: &mut Checks) -> Result<()> {
    keep_heaps_trimmed()?;
    let tasks = length.pick(20_000, TASKS, TASKS);
    let got = Got::with_room_for(tasks);
    hold(tasks)?; // gomon does not run yet: what the runtime keeps is in the baseline
    let start = resident_in_use()?;

    let gomon = gomon::builder()
        .named_listener("count", got.listener())
        .start()?;
    let (most, in_flight_then) = hold(tasks)?;
    let in_flight_now = in_flight().len();
    let report = gomon.shutdown();
    let end = resident_in_use()?;

    let (completed, cancelled) = got.counts();
    checks.must_equal("completed", completed, tasks as u64 / 2);
    checks.must_equal("cancelled", cancelled, tasks as u64 / 2);
    checks.must_equal("in flight at the most", in_flight_then as u64, tasks as u64);
    checks.must_equal("in flight afterwards", in_flight_now as u64, 0);
    checks.must_equal("dropped", report.dropped(), 0);
    checks.must_balance(&report);
    checks.figure("memory with all of them, MiB", most >> 20);
    let bound = start + start / 10 + (16 << 20);
    checks.must(
        "memory before and after, MiB",
        format!("{} {}", start >> 20, end >> 20),
        &format!("<= {}", bound >> 20),
        end <= bound,
    );
    Ok(())
}

/// So many tasks that wait; then every second one is cancelled and the others end, some at a time, as requests do.
/// The memory and the units in flight while all of them waited.
fn hold(tasks: usize) -> Result<(u64, usize)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    let waves: Vec<_> = (0..tasks / 2 / WAVE)
        .map(|_| Wave::spawn(&runtime))
        .collect();
    for wave in &waves {
        runtime.block_on(wave.gates.all_started())?;
    }
    let seen = (resident()?, in_flight().len());
    for wave in waves {
        runtime.block_on(wave.end());
        match gomon::flush(DEADLINE) {
            Ok(()) | Err(gomon::FlushError::NotRunning) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seen)
}

/// Tasks that end at once.
struct Wave {
    gates: Arc<Gates>,
    /// One that ends and one that is cancelled.
    pairs: Vec<(JoinHandle<()>, JoinHandle<()>)>,
}

impl Wave {
    fn spawn(runtime: &Runtime) -> Self {
        let gates = Arc::new(Gates::default());
        let pair = |_| {
            let (ends, waits) = (Arc::clone(&gates), Arc::clone(&gates));
            let ends = gomon::root("task", async move { ends.pass().await });
            let waits = gomon::root("task", async move { waits.wait_for_ever().await });
            (runtime.spawn(ends), runtime.spawn(waits))
        };
        let pairs = (0..WAVE).map(pair).collect();
        Self { gates, pairs }
    }

    async fn end(self) {
        self.gates.end.add_permits(WAVE);
        self.pairs.iter().for_each(|(_, waits)| waits.abort());
        for (ends, waits) in self.pairs {
            let _ = ends.await;
            let _ = waits.await; // it says that it was cancelled
        }
    }
}

#[derive(Debug)]
struct Gates {
    started: Semaphore,
    end: Semaphore,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            started: Semaphore::new(0),
            end: Semaphore::new(0),
        }
    }
}

impl Gates {
    async fn pass(&self) {
        self.started.add_permits(1);
        if let Ok(permit) = self.end.acquire().await {
            permit.forget();
        }
    }

    async fn wait_for_ever(&self) {
        self.started.add_permits(1);
        std::future::pending().await
    }

    async fn all_started(&self) -> Result<()> {
        let count = u32::try_from(WAVE * 2)?;
        self.started.acquire_many(count).await?.forget();
        Ok(())
    }
}

#[derive(Clone)]
struct Got(Arc<Mutex<Endings>>);

struct Endings {
    completed: HashSet<u128>,
    cancelled: HashSet<u128>,
}

impl Got {
    fn with_room_for(tasks: usize) -> Self {
        Self(Arc::new(Mutex::new(Endings {
            completed: HashSet::with_capacity(tasks),
            cancelled: HashSet::with_capacity(tasks),
        })))
    }

    fn listener(&self) -> impl FnMut(&Event) + Send + 'static {
        let got = Arc::clone(&self.0);
        move |event: &Event| {
            if event.fp() != "task" {
                return;
            }
            let mut got = got.lock().unwrap_or_else(PoisonError::into_inner);
            match event.outcome() {
                Some(Outcome::Completed) => got.completed.insert(event.id().as_u128()),
                Some(Outcome::Cancelled) => got.cancelled.insert(event.id().as_u128()),
                _ => false,
            };
        }
    }

    /// Distinct events by outcome.
    fn counts(&self) -> (u64, u64) {
        let got = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (got.completed.len() as u64, got.cancelled.len() as u64)
    }
}

const TASKS: usize = 100_000;
/// Pairs of a wave.
const WAVE: usize = 500;
const DEADLINE: Duration = Duration::from_secs(10);

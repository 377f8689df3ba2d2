//! The application: threads that make events.

use std::thread::{Builder, JoinHandle, sleep};
use std::time::Duration;

use gomon::{EventTracker, Value, monotonic};

use crate::Result;
use crate::calls::Calls;

pub(crate) const FP: &str = "load";
pub(crate) const PRODUCER: &str = "producer";
pub(crate) const NUMBER: &str = "number";
pub(crate) const PRODUCERS: u64 = 4;

/// What the producers did.
#[derive(Debug, Default)]
pub(crate) struct Offered {
    pub(crate) events: u64,
    /// Time that passed, by the slowest of them.
    pub(crate) elapsed: Duration,
    /// CPU time of all of them.
    pub(crate) cpu: Duration,
    /// How long each event took its producer.
    pub(crate) calls: Calls,
    /// How often a producer gave up its core by itself: to wait for a lock, for instance.
    pub(crate) waits: u64,
}

impl Offered {
    pub(crate) fn per_second(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }

    pub(crate) fn per_cpu_second(&self) -> f64 {
        self.events as f64 / self.cpu.as_secs_f64()
    }
}

/// So many events a second, by all of them together. What a producer could not send in time, because the machine did
/// not let it run, it leaves out: a steady load does not come in bursts.
pub(crate) fn paced(rate: u64, time: Duration) -> Result<Offered> {
    let share = rate / PRODUCERS;
    on_threads(move |producer| {
        let (mut sent, mut skipped) = (0, 0);
        let begin = monotonic();
        while let now = monotonic() - begin
            && now < time
        {
            let due = share_of(share, now).saturating_sub(sent + skipped);
            let most = share_of(share, TICK * LONGEST_GAP);
            skipped += due.saturating_sub(most);
            for _ in 0..due.min(most) {
                send(producer, sent);
                sent += 1;
            }
            sleep(TICK);
        }
        Offered {
            events: sent,
            elapsed: monotonic() - begin,
            ..Offered::default()
        }
    })
}

/// As many as they can.
pub(crate) fn unthrottled(time: Duration) -> Result<Offered> {
    on_threads(move |producer| {
        let mut calls = Calls::default();
        let mut sent = 0;
        let begin = monotonic();
        let mut now = begin;
        while now - begin < time {
            send(producer, sent);
            sent += 1;
            let after = monotonic();
            calls.record(after - now);
            now = after;
        }
        Offered {
            events: sent,
            elapsed: now - begin,
            cpu: thread_cpu(),
            calls,
            waits: thread_waits(),
        }
    })
}

fn on_threads(produce: impl Fn(u64) -> Offered + Clone + Send + 'static) -> Result<Offered> {
    let start = |producer| -> Result<JoinHandle<Offered>> {
        let produce = produce.clone();
        let thread = Builder::new().name(format!("producer-{producer}"));
        Ok(thread.spawn(move || produce(producer))?)
    };
    let threads: Vec<_> = (0..PRODUCERS).map(start).collect::<Result<_>>()?;
    let mut all = Offered::default();
    for thread in threads {
        let one = thread.join().map_err(|_| "a producer panicked")?;
        all.events += one.events;
        all.elapsed = all.elapsed.max(one.elapsed);
        all.cpu += one.cpu;
        all.calls.add(&one.calls);
        all.waits += one.waits;
    }
    Ok(all)
}

/// Eight attributes, about 300 bytes.
fn send(producer: u64, number: u64) {
    let mut tracker = EventTracker::new(FP);
    tracker
        .set(PRODUCER, producer)
        .set(NUMBER, number)
        .set("method", Value::Static("GET"))
        .set("route", Value::Static("/users/{id}/orders/{order}"))
        .set("status", 200)
        .set("size", number % 4096)
        .set("user", "ada.lovelace@analytical-engine.example.org")
        .set("note", NOTE);
    tracker.finish();
}

fn share_of(rate: u64, time: Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    rate.saturating_mul(micros) / 1_000_000
}

/// CPU time of this thread; zero where the system does not say.
fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn thread_waits() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let mut values = status
        .lines()
        .filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    let count = values.next().and_then(|value| value.trim().parse().ok());
    count.unwrap_or(0)
}

const TICK: Duration = Duration::from_millis(5);
/// How many ticks' events may come at once.
const LONGEST_GAP: u32 = 4;
const NOTE: &str = "the analytical engine weaves algebraical patterns just as the jacquard loom \
                    weaves flowers and leaves";

//! What the process keeps in memory.
#![cfg_attr(
    target_env = "gnu",
    expect(
        unsafe_code,
        reason = "glibc gives freed memory back when asked through C alone"
    )
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use gomon::monotonic;

use crate::Result;

/// Resident memory now, in bytes, as `/proc` has it.
pub(crate) fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib << 10)
        .ok_or_else(|| "/proc/self/status has no VmRSS".into())
}

/// The same once the allocator has given back what was freed: what is left is in use.
pub(crate) fn resident_in_use() -> Result<u64> {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes an integer and touches the allocator alone.
    unsafe {
        libc::malloc_trim(0);
    }
    resident()
}

/// Keeps glibc's bound for free memory at the end of a heap where it starts, at 128 KiB. It rises by itself to twice the
/// largest mapping that was freed, in each thread's heap, and [`resident_in_use`] cannot take back what lies there: how much
/// that is depends on which threads ran first, up to 20 MiB of a program that uses 1.
pub(crate) fn keep_heaps_trimmed() -> Result<()> {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes two integers and touches the allocator alone.
    if unsafe { libc::mallopt(libc::M_TRIM_THRESHOLD, 128 << 10) } == 0 {
        return Err("glibc does not take M_TRIM_THRESHOLD".into());
    }
    Ok(())
}

/// Looks at the memory four times a second, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Watch {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    samples: Arc<Mutex<Vec<Sample>>>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    seconds: f64,
    bytes: f64,
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Seen(Vec<Sample>);

impl Watch {
    pub(crate) fn start() -> Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let samples = Arc::new(Mutex::new(Vec::with_capacity(ROOM)));
        let (end, sink) = (Arc::clone(&ended), Arc::clone(&samples));
        let thread = std::thread::Builder::new().name("memory".to_owned());
        let thread = thread.spawn(move || {
            let begin = monotonic();
            while !end.load(Ordering::Relaxed) {
                let bytes = resident().unwrap_or(0) as f64;
                let seconds = (monotonic() - begin).as_secs_f64();
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Sample { seconds, bytes });
                std::thread::park_timeout(INTERVAL);
            }
        })?;
        Ok(Self {
            ended,
            thread,
            samples,
        })
    }

    pub(crate) fn stop(self) -> Result<Seen> {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().map_err(|_| "the watch panicked")?;
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Seen(std::mem::take(&mut samples)))
    }
}

impl Seen {
    /// The most at any moment, in MiB above a baseline in bytes.
    pub(crate) fn most_above(&self, baseline: u64) -> f64 {
        let most = self.0.iter().map(|sample| sample.bytes).fold(0.0, f64::max);
        (most - baseline as f64) / MIB
    }

    /// How it grew in the last half of the time, in MiB a minute: the least squares' line.
    pub(crate) fn slope(&self) -> f64 {
        let half = &self.0[self.0.len() / 2..];
        let count = half.len() as f64;
        let mean = |value: fn(&Sample) -> f64| half.iter().map(value).sum::<f64>() / count;
        let (seconds, bytes) = (mean(|sample| sample.seconds), mean(|sample| sample.bytes));
        let (mut both, mut square) = (0.0, 0.0);
        for sample in half {
            both += (sample.seconds - seconds) * (sample.bytes - bytes);
            square += (sample.seconds - seconds).powi(2);
        }
        if square == 0.0 {
            return 0.0;
        }
        both / square * 60.0 / MIB
    }
}

/// Above the same program without gomon.
pub(crate) const MOST_MIB: f64 = 64.0;
const MIB: f64 = (1 << 20) as f64;
const INTERVAL: Duration = Duration::from_millis(250);
/// Samples of twenty minutes, so that the watch itself does not grow.
const ROOM: usize = 5000;

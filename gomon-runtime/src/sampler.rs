//! The sampler: a thread that sends a set of samples at an interval.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use gomon_core::Context;

use crate::samples::Samples;

/// Samples memory, tasks and process, and sends each sample as an event.
///
/// [`start`](Self::start) sends `runtime-base` once, then `rt-collect-memstat`, `rt-collect-process` and, with a
/// runtime given, `rt-collect-tasks` at once and at every interval. Their parent is the application event.
///
/// A set of samples costs about 100 µs of one thread, `gomon-sampler`, mostly spent in `/proc`; more where the process
/// has hundreds of threads, as each one's context switches are read.
#[derive(Clone, Debug)]
#[must_use = "nothing is sampled before `start`"]
pub struct RuntimeSampler {
    interval: Duration,
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Handle>,
}

impl RuntimeSampler {
    /// A sampler with the defaults.
    pub fn new() -> Self {
        Self {
            interval: DEFAULT_INTERVAL,
            #[cfg(feature = "tokio")]
            runtime: None,
        }
    }

    /// Time from one set of samples to the next. Default: 10 s, short enough to see what a minute's average hides, at
    /// a hundred-thousandth of one CPU. Less than 10 ms is taken as 10 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(SHORTEST_INTERVAL);
        self
    }

    /// The tokio runtime to sample as `rt-collect-tasks`. Default: none.
    ///
    /// The handle does not keep the runtime alive; after its end the samples show no tasks.
    #[cfg(feature = "tokio")]
    pub fn runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Starts the thread. Samples are taken until the guard is dropped.
    ///
    /// # Errors
    /// The error of the system where it cannot start a thread.
    pub fn start(self) -> io::Result<SamplerGuard> {
        let samples = Samples::new(
            Context::application(),
            #[cfg(feature = "tokio")]
            self.runtime,
        );
        let shared = Arc::new(Shared {
            samples: Mutex::new(samples),
            stopped: Mutex::new(false),
            wake: Condvar::new(),
        });
        let thread = std::thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.run(self.interval)
            })?;
        Ok(SamplerGuard {
            shared,
            thread: Some(thread),
        })
    }
}

impl Default for RuntimeSampler {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps a [`RuntimeSampler`] going. Dropping it stops the thread and waits for it: at once, or until the set of
/// samples in hand is taken.
#[derive(Debug)]
#[must_use = "dropping the guard stops the samples"]
pub struct SamplerGuard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl SamplerGuard {
    /// Takes and sends one set of samples now, on the calling thread, beside those of the interval.
    ///
    /// For tests, and for the last word before a program ends. Blocks for as long as `/proc` takes to answer.
    pub fn sample_now(&self) {
        lock(&self.shared.samples).send();
    }
}

impl Drop for SamplerGuard {
    fn drop(&mut self) {
        *lock(&self.shared.stopped) = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported by the panic hook, and there is nobody to hand it to.
            let _panicked = thread.join();
        }
    }
}

#[derive(Debug)]
struct Shared {
    samples: Mutex<Samples>,
    stopped: Mutex<bool>,
    wake: Condvar,
}

impl Shared {
    fn run(&self, interval: Duration) {
        loop {
            lock(&self.samples).send();
            let waited = self
                .wake
                .wait_timeout_while(lock(&self.stopped), interval, |stopped| !*stopped);
            let (stopped, _timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if *stopped {
                return;
            }
        }
    }
}

/// The state is whole between any two statements, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
const THREAD_NAME: &str = "gomon-sampler";

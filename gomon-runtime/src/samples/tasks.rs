//! `rt-collect-tasks`: a tokio runtime, from its stable metrics.

use std::time::Duration;

use gomon_core::{Context, EventTracker, Tree, monotonic};
use tokio::runtime::{Handle, RuntimeFlavor, RuntimeMetrics};

use crate::keys;

/// One runtime, with each worker's busy time at the sample before.
#[derive(Debug)]
pub(super) struct TaskSamples {
    runtime: Handle,
    /// The time of the sample before, then the workers.
    previous: Option<(Duration, Vec<Worker>)>,
}

impl TaskSamples {
    pub(super) fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            previous: None,
        }
    }

    pub(super) fn set_base(&self, event: &mut EventTracker) {
        let flavor = match self.runtime.runtime_flavor() {
            RuntimeFlavor::CurrentThread => "current_thread",
            RuntimeFlavor::MultiThread => "multi_thread",
            _ => "other",
        };
        let workers = self.runtime.metrics().num_workers() as u64;
        event.set(
            keys::TOKIO,
            Tree::map().with("flavor", flavor).with("workers", workers),
        );
    }

    pub(super) fn send(&mut self, parent: Context) {
        let mut event = EventTracker::in_context(keys::COLLECT_TASKS, parent);
        if !event.is_recording() {
            return;
        }
        let metrics = self.runtime.metrics();
        let (at, workers) = (monotonic(), Worker::all(&metrics));
        let entries = match self.previous.take() {
            Some((before, previous)) => {
                let elapsed = at.saturating_sub(before).as_secs_f64();
                let ratios: Vec<f64> = workers
                    .iter()
                    .zip(&previous)
                    .map(|(now, then)| now.busy_ratio(then, elapsed))
                    .collect();
                if !ratios.is_empty() {
                    event.set(
                        keys::BUSY_RATIO,
                        ratios.iter().sum::<f64>() / f64::from(count(ratios.len())),
                    );
                }
                workers
                    .iter()
                    .zip(ratios)
                    .map(|(worker, ratio)| worker.tree().with(keys::BUSY_RATIO, ratio))
                    .collect()
            }
            None => workers.iter().map(Worker::tree).collect::<Vec<_>>(),
        };
        event
            .set(keys::TASKS, metrics.num_alive_tasks() as u64)
            .set(keys::QUEUE_DEPTH, metrics.global_queue_depth() as u64)
            .set(keys::WORKERS, Tree::from(entries));
        self.previous = Some((at, workers));
    }
}

/// What one worker has done so far.
#[derive(Debug)]
struct Worker {
    busy: Duration,
    parks: u64,
}

impl Worker {
    fn all(metrics: &RuntimeMetrics) -> Vec<Self> {
        let workers = 0..metrics.num_workers();
        workers
            .map(|n| Self {
                busy: metrics.worker_total_busy_duration(n),
                parks: metrics.worker_park_count(n),
            })
            .collect()
    }

    /// A worker adds to its busy time when it parks, so a long poll may count in a later sample than the one it ran
    /// in; the ratio is kept within 0 and 1.
    fn busy_ratio(&self, before: &Self, elapsed: f64) -> f64 {
        let busy = self.busy.saturating_sub(before.busy).as_secs_f64();
        if elapsed > 0.0 {
            (busy / elapsed).min(1.0)
        } else {
            0.0
        }
    }

    fn tree(&self) -> Tree {
        let busy = u64::try_from(self.busy.as_nanos()).unwrap_or(u64::MAX);
        Tree::map().with("busy", busy).with("parks", self.parks)
    }
}

fn count(workers: usize) -> u32 {
    u32::try_from(workers).unwrap_or(u32::MAX)
}

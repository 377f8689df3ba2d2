//! The files of a cgroup v2 directory.

use std::fs;
use std::path::Path;

use super::numbers::{field, single};

/// Use and limits of a cgroup: bytes, ns, counts. A limit of `max` is no limit and absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cgroup {
    pub(crate) memory_current: Option<u64>,
    pub(crate) memory_peak: Option<u64>,
    pub(crate) memory_max: Option<u64>,
    pub(crate) oom_kills: Option<u64>,
    pub(crate) cpu_usage: Option<u64>,
    pub(crate) cpu_throttled: Option<u64>,
    pub(crate) cpu_throttled_periods: Option<u64>,
    /// CPUs: quota divided by period.
    pub(crate) cpu_max: Option<f64>,
    pub(crate) pids_current: Option<u64>,
    pub(crate) pids_max: Option<u64>,
}

pub(super) fn read(directory: &Path) -> Cgroup {
    let file = |name: &str| fs::read_to_string(directory.join(name)).ok();
    let number = |name: &str| single(&file(name)?);
    let cpu = file("cpu.stat").unwrap_or_default();
    let nanos = |name: &str| field(&cpu, name)?.checked_mul(1000);
    Cgroup {
        memory_current: number("memory.current"),
        memory_peak: number("memory.peak"),
        memory_max: number("memory.max"),
        oom_kills: file("memory.events").and_then(|text| field(&text, "oom_kill")),
        cpu_usage: nanos("usage_usec"),
        cpu_throttled: nanos("throttled_usec"),
        cpu_throttled_periods: field(&cpu, "nr_throttled"),
        cpu_max: file("cpu.max").and_then(|text| cpus(&text)),
        pids_current: number("pids.current"),
        pids_max: number("pids.max"),
    }
}

/// `150000 100000` is one and a half CPUs; `max 100000` is no limit.
fn cpus(max: &str) -> Option<f64> {
    let (quota, period) = max.trim().split_once(' ')?;
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0.0).then_some(quota / period)
}

//! What the operating system tells of this process. Every answer is absent where the platform has none.
//!
//! Sources: `proc(5)`, `cgroups(7)` and the kernel's `cgroup-v2` and `accounting/psi` documents.

mod cgroup;
mod numbers;
mod pressure;
mod proc;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use cgroup::Cgroup;
pub(crate) use pressure::Pressure;
pub(crate) use proc::{ContextSwitches, Cpu, Io, Memory};

/// The files to ask. Their root is `/`, but for tests.
#[derive(Debug)]
pub(crate) struct System {
    root: PathBuf,
    auxiliary: proc::Auxiliary,
}

impl System {
    pub(crate) fn new() -> Self {
        Self::at(PathBuf::from("/"))
    }

    fn at(root: PathBuf) -> Self {
        let auxiliary = fs::read(root.join("proc/self/auxv"))
            .map(|bytes| proc::auxiliary(&bytes))
            .unwrap_or_default();
        Self { root, auxiliary }
    }

    pub(crate) fn page_bytes(&self) -> Option<u64> {
        self.auxiliary.page_bytes
    }

    pub(crate) fn online_cpus(&self) -> Option<u64> {
        numbers::count_ranges(&self.read("sys/devices/system/cpu/online")?)
    }

    pub(crate) fn container(&self) -> Option<&'static str> {
        if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            Some("kubernetes")
        } else if self.root.join(".dockerenv").exists() {
            Some("docker")
        } else if self.root.join("run/.containerenv").exists() {
            Some("podman")
        } else {
            None
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        self.read("proc/self/status")
            .map(|text| proc::memory(&text))
            .unwrap_or_default()
    }

    pub(crate) fn cpu(&self) -> Cpu {
        let ticks = self.auxiliary.ticks_per_second;
        self.read("proc/self/stat")
            .map(|text| proc::cpu(&text, ticks))
            .unwrap_or_default()
    }

    pub(crate) fn io(&self) -> Option<Io> {
        self.read("proc/self/io").map(|text| proc::io(&text))
    }

    pub(crate) fn open_files(&self) -> Option<u64> {
        let directory = self.root.join("proc/self/fd");
        // Since Linux 6.2 the directory's size is the number of open files; reading it opens one more.
        match fs::metadata(&directory).ok()?.len() {
            0 => fs::read_dir(directory)
                .ok()
                .map(|entries| (entries.count() as u64).saturating_sub(1)),
            count => Some(count),
        }
    }

    pub(crate) fn open_files_limit(&self) -> Option<u64> {
        proc::open_files_limit(&self.read("proc/self/limits")?)
    }

    /// The sum over the threads that are alive: the kernel gives the sum of all only through `getrusage`.
    pub(crate) fn context_switches(&self) -> Option<ContextSwitches> {
        let tasks = fs::read_dir(self.root.join("proc/self/task")).ok()?;
        let threads = tasks.flatten().take(MOST_THREADS).filter_map(|task| {
            let status = fs::read_to_string(task.path().join("status")).ok()?; // a thread that has just ended has none
            proc::context_switches(&status)
        });
        threads.reduce(ContextSwitches::plus)
    }

    pub(crate) fn cgroup(&self) -> Option<Cgroup> {
        self.cgroup_directory()
            .map(|directory| cgroup::read(&directory))
    }

    pub(crate) fn pressure(&self) -> Option<Pressure> {
        let own = self.cgroup_directory().and_then(|directory| {
            pressure::read("cgroup", |resource| {
                directory.join(format!("{resource}.pressure"))
            })
        });
        own.or_else(|| {
            pressure::read("host", |resource| {
                self.root.join("proc/pressure").join(resource)
            })
        })
    }

    /// The directory of this process's cgroup, where cgroup v2 is mounted at the usual place. Inside a container the
    /// path may be the host's, of which only the mount's root is visible.
    fn cgroup_directory(&self) -> Option<PathBuf> {
        let mount = self.root.join("sys/fs/cgroup");
        if !mount.join("cgroup.controllers").exists() {
            return None;
        }
        let memberships = self.read("proc/self/cgroup")?;
        let path = memberships
            .lines()
            .find_map(|line| line.strip_prefix("0::/"))?;
        let own = mount.join(path);
        Some(if own.is_dir() { own } else { mount })
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

/// Threads whose context switches are read in one sample: what bounds its cost.
const MOST_THREADS: usize = 1024;

#[cfg(test)]
mod tests;

//! What a run takes beside time: CPU time and memory of its thread, where that is asked for.

use rustix::time::{ClockId, clock_gettime};

use crate::meter::{self, Allocations};

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measures {
    pub(crate) cpu: bool,
    pub(crate) allocations: bool,
}

/// What a run took. Nothing is known of one that ended on another thread than it began on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) cpu_nanos: Option<u64>,
    pub(crate) allocations: Option<Allocations>,
}

/// A reading of what the running thread has had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    thread: std::thread::ThreadId,
    cpu_nanos: Option<u64>,
    allocations: Option<Allocations>,
}

impl Measures {
    pub(crate) const ALL: Self = Self {
        cpu: true,
        allocations: true,
    };

    #[inline]
    pub(crate) fn mark(self) -> Option<Mark> {
        (self.cpu || self.allocations).then(|| self.read())
    }

    #[cold]
    #[inline(never)]
    fn read(self) -> Mark {
        Mark {
            thread: std::thread::current().id(),
            cpu_nanos: self.cpu.then(thread_nanos),
            allocations: self.allocations.then(meter::thread).flatten(),
        }
    }
}

impl Mark {
    pub(crate) fn spent(&self) -> Spent {
        if self.thread != std::thread::current().id() {
            return Spent::default();
        }
        let now = meter::thread();
        let earlier = self.allocations;
        Spent {
            cpu_nanos: self
                .cpu_nanos
                .map(|nanos| thread_nanos().saturating_sub(nanos)),
            allocations: now.zip(earlier).map(|(now, earlier)| now.since(earlier)),
        }
    }
}

impl Spent {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        let allocations = match (self.allocations, other.allocations) {
            (Some(one), Some(other)) => Some(Allocations {
                count: one.count.wrapping_add(other.count),
                bytes: one.bytes.wrapping_add(other.bytes),
            }),
            (one, other) => one.or(other),
        };
        let cpu_nanos = match (self.cpu_nanos, other.cpu_nanos) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        Self {
            cpu_nanos,
            allocations,
        }
    }
}

fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    secs * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

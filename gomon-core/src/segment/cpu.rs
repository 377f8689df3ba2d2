//! How much CPU time the running thread has had.

use rustix::time::{ClockId, clock_gettime};

/// A reading of a thread's CPU clock. It costs some 0.4 µs.
#[derive(Clone, Copy, Debug)]
pub(super) struct CpuMark {
    thread: std::thread::ThreadId,
    nanos: u64,
}

impl CpuMark {
    pub(super) fn now() -> Self {
        Self {
            thread: std::thread::current().id(),
            nanos: thread_nanos(),
        }
    }

    /// Nanoseconds since; `None` on any other thread.
    pub(super) fn elapsed(&self) -> Option<u64> {
        let same = self.thread == std::thread::current().id();
        same.then(|| thread_nanos().saturating_sub(self.nanos))
    }
}

fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    secs * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

//! One way of doing a workload.

use std::fmt;

/// What is measured: a burst of operations on the application's thread, then the wait until all of it was delivered.
pub struct Arm {
    pub(crate) operations: u64,
    pub(crate) burst: Box<dyn Fn() + Send + Sync>,
    pub(crate) flush: Box<dyn Fn() + Send + Sync>,
    pub(crate) sink: Option<Sink>,
}

/// Where delivery is counted.
pub(crate) struct Sink {
    pub(crate) expected_per_operation: f64,
    pub(crate) delivered: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Arm {
    /// `burst` does `operations` operations and is what the application's thread pays.
    ///
    /// It may run on several threads at once.
    pub fn new(operations: u64, burst: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            operations,
            burst: Box::new(burst),
            flush: Box::new(|| ()),
            sink: None,
        }
    }

    /// `flush` returns when everything the bursts so far handed over has reached the sink.
    #[must_use]
    pub fn flush(mut self, flush: impl Fn() + Send + Sync + 'static) -> Self {
        self.flush = Box::new(flush);
        self
    }

    /// `delivered` counts at the sink, not by the arm's own books, what arrived so far; a run in which it differs from
    /// `expected_per_operation` times the operations is void.
    #[must_use]
    pub fn delivers(
        mut self,
        expected_per_operation: f64,
        delivered: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        self.sink = Some(Sink {
            expected_per_operation,
            delivered: Box::new(delivered),
        });
        self
    }

    pub(crate) fn delivered(&self) -> u64 {
        self.sink.as_ref().map_or(0, |sink| (sink.delivered)())
    }
}

impl fmt::Debug for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arm")
            .field("operations", &self.operations)
            .field("delivers", &self.sink.is_some())
            .finish_non_exhaustive()
    }
}

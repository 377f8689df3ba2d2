//! The last events, in memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gomon_core::{Event, Listener, ListenerError, monotonic};

/// Keeps the last events as JSON, up to a number; older ones give way and are counted.
///
/// A clone is a handle to the same memory: add one to gomon, keep the other to look inside. An
/// event takes its JSON's length, 64 KiB at most.
///
/// ```
/// use std::time::Duration;
///
/// use gomon_core::EventTracker;
/// use gomon_listeners::MemoryListener;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = MemoryListener::new(1000);
/// let _gomon = gomon_core::builder().listener(memory.clone()).start()?;
/// EventTracker::new("import").set("rows", 3); // sent when dropped: here
///
/// let import = memory.wait_for(Duration::from_secs(10), |event| event["gomon:fp"] == "import");
/// assert_eq!(import.expect("it arrives within milliseconds")["rows"], 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryListener {
    shared: Arc<Shared>,
}

impl MemoryListener {
    /// Keeps the last `capacity` events; 0 is taken as 1.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let shared = Shared {
            ring: Mutex::default(),
            arrived: Condvar::new(),
            capacity: capacity.max(1),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The events that are kept, parsed, in order of arrival.
    #[must_use]
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.lines().iter().map(|line| parsed(line)).collect()
    }

    /// The events that are kept as lines of JSON, in order of arrival.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.ring()
            .lines
            .iter()
            .map(|line| line.to_string())
            .collect()
    }

    /// How many events are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring().lines.len()
    }

    /// Whether no event is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events gave way to newer ones.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.ring().overflowed
    }

    /// Forgets the events that are kept.
    pub fn clear(&self) {
        self.ring().lines.clear();
    }

    /// The first kept event that is `wanted`; where there is none, the first one to arrive within
    /// `timeout`. Blocks the thread: for tests.
    #[must_use]
    pub fn wait_for(
        &self,
        timeout: Duration,
        mut wanted: impl FnMut(&serde_json::Value) -> bool,
    ) -> Option<serde_json::Value> {
        let started = monotonic();
        let mut seen = 0;
        loop {
            let left = started.saturating_add(timeout).saturating_sub(monotonic());
            let (new, upto) = self.wait_past(seen, left)?;
            if let Some(event) = new.iter().map(|line| parsed(line)).find(&mut wanted) {
                return Some(event);
            }
            seen = upto;
        }
    }

    /// The kept events after the first `seen` that ever arrived, and how many arrived in all.
    fn wait_past(&self, seen: u64, timeout: Duration) -> Option<(Vec<Arc<str>>, u64)> {
        let none_new = |ring: &mut Ring| ring.arrived <= seen;
        let waited = self
            .shared
            .arrived
            .wait_timeout_while(self.ring(), timeout, none_new);
        let (ring, _timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let new = usize::try_from(ring.arrived.checked_sub(seen).filter(|new| *new > 0)?)
            .unwrap_or(usize::MAX);
        let known = ring.lines.len().saturating_sub(new);
        Some((
            ring.lines.iter().skip(known).cloned().collect(),
            ring.arrived,
        ))
    }

    /// The ring is whole between any two statements, so a panic elsewhere does not spoil it.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.shared
            .ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for MemoryListener {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        let line = Arc::from(event.to_json());
        self.ring().push(line, self.shared.capacity);
        self.shared.arrived.notify_all();
        Ok(())
    }
}

impl fmt::Debug for MemoryListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, capacity) = (self.len(), self.shared.capacity);
        f.debug_struct("MemoryListener")
            .field("kept", &kept)
            .field("capacity", &capacity)
            .finish()
    }
}

struct Shared {
    ring: Mutex<Ring>,
    arrived: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<Arc<str>>,
    /// All that ever arrived.
    arrived: u64,
    overflowed: u64,
}

impl Ring {
    fn push(&mut self, line: Arc<str>, capacity: usize) {
        if self.lines.len() >= capacity {
            self.lines.pop_front();
            self.overflowed += 1;
        }
        self.lines.push_back(line);
        self.arrived += 1;
    }
}

fn parsed(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_default() // an event is always one JSON object
}

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A gauge that cannot leak: it is raised by a guard, and lowered when that is dropped, on return, cancellation and panic alike.
///
/// ```
/// use gomon_core::probe;
///
/// let probe = probe::register("cache")?;
/// let in_flight = probe.level("in-flight");
/// let raised = in_flight.raise();
/// assert_eq!(in_flight.now(), 1);
/// drop(raised);
/// assert_eq!(in_flight.now(), 0);
/// # Ok::<(), probe::RegisterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Level(Arc<AtomicI64>);

/// The level is one higher while this lives.
#[derive(Debug)]
#[must_use = "the level falls again when this is dropped: bind it to a name"]
pub struct Raised(Arc<AtomicI64>);

impl Level {
    /// One that no probe shows, for where there is none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises it by one.
    pub fn raise(&self) -> Raised {
        self.0.fetch_add(1, Ordering::Relaxed);
        Raised(Arc::clone(&self.0))
    }

    /// How many hold it up now.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

//! What a monitored pool takes down.

use std::sync::Arc;

use gomon_core::{Capture, capture};

/// Settings of one monitored pool, connection or driver. Cloning is cheap.
///
/// ```
/// use gomon_core::Capture;
/// use gomon_sql::SqlConfig;
///
/// let config = SqlConfig::new().capture(Capture::safe().with_rows(10));
/// # let _ = config;
/// ```
#[derive(Clone, Debug, Default)]
pub struct SqlConfig {
    capture: Option<Arc<Capture>>,
}

impl SqlConfig {
    /// The defaults: what the process captures (`gomon_core::capture()`), read anew for each event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What to capture here, whatever the process captures. Default: as the process.
    #[must_use]
    pub fn capture(mut self, capture: Capture) -> Self {
        self.capture = Some(Arc::new(capture));
        self
    }

    /// What was found out to be captured.
    pub(crate) fn of(capture: Arc<Capture>) -> Self {
        Self {
            capture: Some(capture),
        }
    }

    pub(crate) fn current(&self) -> Arc<Capture> {
        self.capture.clone().unwrap_or_else(capture)
    }
}

//! What a client says of itself, beside its events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gomon::probe::{self, Level, Probe};

/// The probe of a client, which is gone with it.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) in_flight: Level,
    pub(crate) calls: Arc<AtomicU64>,
    probe: Option<Probe>,
}

impl Shown {
    /// Where there are too many probes already, a client goes on without one.
    pub(crate) fn new(server: &str) -> Self {
        let mut shown = Self::default();
        if let Ok(probe) = probe::register_next("memcached") {
            shown.in_flight = probe.level("in-flight");
            let calls = Arc::clone(&shown.calls);
            probe.gauge("calls", move || calls.load(Ordering::Relaxed));
            let server = server.to_owned();
            probe.row("server", move || server.clone());
            let calls = Arc::clone(&shown.calls);
            probe.action("reset", move |_| {
                Ok(format!("{} calls", calls.swap(0, Ordering::Relaxed)))
            });
            shown.probe = Some(probe);
        }
        shown
    }
}

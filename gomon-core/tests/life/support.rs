use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gomon_core::{Builder, Event, ListenerReport, Report};
use serde_json::Value;

/// Long enough for every machine, short enough not to be waited for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The process has one gomon: tests that start it take turns.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn builder() -> Builder {
    gomon_core::builder().shutdown_deadline(DEADLINE)
}

/// Tells other threads to end, also when an assertion has failed: else nobody would see which.
#[derive(Default)]
pub(crate) struct Load(AtomicBool);

pub(crate) struct EndLoad<'a>(&'a Load);

impl Load {
    pub(crate) fn goes_on(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn ends_on_drop(&self) -> EndLoad<'_> {
        EndLoad(self)
    }
}

impl Drop for EndLoad<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Waits for something that comes about soon.
#[track_caller]
pub(crate) fn until(reached: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if reached() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    panic!("it did not come about");
}

/// What a listener was fed, as JSON.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<Value>>>);

impl Sink {
    pub(crate) fn listener(&self) -> impl FnMut(&Event) + Send + 'static + use<> {
        let sink = Arc::clone(&self.0);
        move |event: &Event| {
            sink.lock()
                .unwrap()
                .push(serde_json::from_str(&event.to_json()).unwrap())
        }
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn fps(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|event| event["gomon:fp"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until there are so many events.
    pub(crate) fn wait_for(&self, count: usize) {
        for _ in 0..10_000 {
            if self.0.lock().unwrap().len() >= count {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("{} of {count} events came", self.0.lock().unwrap().len());
    }

    /// Distinct records: an opening and a closing event of one id are two.
    pub(crate) fn unique(&self) -> usize {
        let events = self.events();
        let keys: HashSet<_> = events
            .iter()
            .map(|event| (event["id"].to_string(), event.get("gomon:open").is_some()))
            .collect();
        assert_eq!(keys.len(), events.len(), "a record came twice");
        keys.len()
    }
}

/// `created = delivered + dropped + pending`, for every listener.
pub(crate) fn assert_ledger(report: &Report) {
    for listener in &report.listeners {
        assert_eq!(
            listener.created,
            listener.delivered + listener.total_dropped() + listener.pending,
            "{listener:?}"
        );
    }
}

pub(crate) fn account<'a>(report: &'a Report, name: &str) -> &'a ListenerReport {
    report
        .listeners
        .iter()
        .find(|listener| listener.name == name)
        .unwrap()
}

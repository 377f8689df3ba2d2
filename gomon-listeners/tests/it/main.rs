//! Listeners fed by gomon itself.

mod log;
mod memory;

use std::time::Duration;

use gomon_core::{DropReason, Listener, ListenerReport, Retransmitter};

/// Feeds `listener` the application event and the events of that fingerprint which `work` makes,
/// and gives back its account. The bus is the process's; a fingerprint of its own keeps a test's
/// events apart from other tests' events.
fn fed(listener: impl Listener, fp: &'static str, work: impl FnOnce()) -> ListenerReport {
    let _running = gomon_core::start(); // or it was before
    let only = Retransmitter::new(fp)
        .filter(move |event| event.fp() == fp)
        .listener(listener)
        .unwrap();
    let id = gomon_core::add_listener(only.clone()).unwrap();
    work();
    gomon_core::flush(Duration::from_secs(30)).unwrap();
    let mut report = only.reports().remove(0);
    report.dropped.retain(|(reason, others)| {
        let filtered = *reason == DropReason::Filtered;
        report.created -= if filtered { *others } else { 0 };
        !filtered
    });
    assert!(gomon_core::remove_listener(id));
    report
}

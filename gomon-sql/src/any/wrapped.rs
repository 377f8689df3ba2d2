//! A driver's connection inside of a wrapper: an `AnyPool` on a [`MonitoredDriver`](crate::MonitoredDriver) that is also
//! `.monitored()`. The wrapper reports, for it knows who waits and who calls; the driver says which connection it is.

use std::cell::Cell;

use gomon_core::Context;

use crate::any::connection_event::ConnectionEvent;

/// Runs a call to the driver that a wrapper reports.
pub(crate) fn call<R>(f: impl FnOnce() -> R) -> R {
    let before = STATE.replace(State::Reported);
    let _restored = Restored(before);
    f()
}

/// Whether somebody reports what the driver is called for.
pub(super) fn is_reported() -> bool {
    matches!(STATE.get(), State::Reported)
}

/// The event of the connection that `ask` calls, if it is a monitored one. From a lease, it is one more for the connection.
pub(crate) fn connection(lease: Option<Context>, ask: impl FnOnce()) -> Option<Context> {
    let before = STATE.replace(State::Asked(lease));
    let _restored = Restored(before);
    ask();
    match STATE.get() {
        State::Answered(connection) => Some(connection),
        _ => None,
    }
}

/// It is asked which connection it is.
pub(super) fn answer(connection: &ConnectionEvent) {
    if let State::Asked(lease) = STATE.get() {
        if let Some(lease) = lease {
            connection.leased(lease);
        }
        STATE.set(State::Answered(connection.context()));
    }
}

#[derive(Clone, Copy)]
enum State {
    Alone,
    Reported,
    /// By a lease, or by a statement.
    Asked(Option<Context>),
    Answered(Context),
}

struct Restored(State);

impl Drop for Restored {
    fn drop(&mut self) {
        STATE.set(self.0);
    }
}

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State::Alone) };
}

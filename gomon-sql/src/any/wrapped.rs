//! A driver's connection inside of a wrapper: an `AnyPool` on a [`MonitoredDriver`](crate::MonitoredDriver) that is also
//! `.monitored()`. The wrapper reports, for it knows who waits and who calls; the driver says which connection it is.

use std::cell::Cell;

use gomon_core::Context;

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

/// The event of the connection that `ask` calls, if it is a monitored one.
pub(crate) fn connection(ask: impl FnOnce()) -> Option<Context> {
    let before = STATE.replace(State::Asked);
    let _restored = Restored(before);
    ask();
    match STATE.get() {
        State::Answered(connection) => Some(connection),
        _ => None,
    }
}

/// It is asked which connection it is.
pub(super) fn answer(connection: Context) {
    if matches!(STATE.get(), State::Asked) {
        STATE.set(State::Answered(connection));
    }
}

#[derive(Clone, Copy)]
enum State {
    Alone,
    Reported,
    Asked,
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

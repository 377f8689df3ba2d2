//! The chained panic hook: it notes payload and location for the events that the panic will pass
//! through, and sends a `panic` event.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::PanicHookInfo;
use std::sync::Once;
use std::time::Duration;

use crate::event::error_info::ErrorInfo;
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::keys;
use crate::tracker::{EventTracker, backtrace, work};
use crate::{hot, life, state};

/// Puts the hook in front of the one that is there, once for the life of the process.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    // A hook cannot be taken while the thread unwinds.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if hot::is_own_thread() {
                // A listener that panics at each event must not fill the host's log with it: its
                // panics are counted, and the first one a thread has is shown.
                if OWN_PANIC_SHOWN.with(|shown| shown.replace(true)) {
                    return;
                }
            } else if state::load().is_on() {
                note(info);
            }
            previous(info);
            if cfg!(panic = "abort") {
                // The process dies when this returns, and no guard is dropped.
                life::shutdown(LAST_WORDS);
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    // Inside a panic of a panic hook there is nothing left to do.
    let Ok(false) = NOTING.try_with(|noting| noting.replace(true)) else {
        return;
    };
    let mut error = ErrorInfo::message(message(info.payload()));
    if let Some(location) = info.location() {
        error = error.location(location);
    }
    let mut tracker = EventTracker::new(keys::PANIC);
    let thread = std::thread::current();
    tracker.set(keys::THREAD, thread.name().unwrap_or("unnamed"));
    tracker.set(keys::PAYLOAD, error.msg());
    tracker.set(keys::LOCATION, error.location.as_deref());
    if tracker.is_recording() {
        let stack = backtrace::of_panic(error.location.as_deref().unwrap_or(""));
        if let Some(stack) = &stack {
            tracker.set(keys::BACKTRACE, stack.as_str());
        }
        if let Some(unit) = work::in_hand() {
            tracker.set(keys::WORK, unit.tree());
        }
    }
    tracker.mark(Outcome::Panicked);
    tracker.finish();
    hot::HOT.with(|hot| hot.panic_noted.set(true));
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(error)));
    let _ = NOTING.try_with(|noting| noting.set(false));
}

/// Marks a record that is closed by the unwinding of its thread.
pub(crate) fn note_on(record: &mut Record) {
    record.mark(Outcome::Panicked);
    if let Some(error) = last() {
        record.push_error(error);
    }
}

/// The error of a panic that was just caught on this thread. What was noted is another panic's if
/// its text differs: `resume_unwind` calls no hook.
pub(crate) fn caught(payload: &(dyn Any + Send)) -> ErrorInfo {
    let text = ErrorInfo::message(message(payload));
    last()
        .filter(|last| last.msg() == text.msg())
        .unwrap_or_else(|| text.kind(KIND))
}

/// What was noted belongs to a panic that is over, unless the thread unwinds now.
#[inline(always)]
pub(crate) fn forget_last() {
    if hot::HOT.with(|hot| hot.panic_noted.get()) {
        forget_noted();
    }
}

#[cold]
#[inline(never)]
fn forget_noted() {
    if !std::thread::panicking() {
        hot::HOT.with(|hot| hot.panic_noted.set(false));
        let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| last.take()));
    }
}

fn last() -> Option<ErrorInfo> {
    let last = LAST.try_with(|last| last.try_borrow().ok().and_then(|last| last.clone()));
    last.ok().flatten().map(|error| error.kind(KIND))
}

fn message(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("Box<dyn Any>")
}

thread_local! {
    static LAST: RefCell<Option<ErrorInfo>> = const { RefCell::new(None) };
    static NOTING: Cell<bool> = const { Cell::new(false) };
    static OWN_PANIC_SHOWN: Cell<bool> = const { Cell::new(false) };
}

/// How long a panic that ends the process may take to bring its events to the listeners.
const LAST_WORDS: Duration = Duration::from_secs(2);
const KIND: &str = "panic";

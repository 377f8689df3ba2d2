//! Listeners gone wrong, for `--fault-listener`.

use gomon::Event;

/// What [`panics`] says.
pub(crate) const PANIC_MESSAGE: &str = "this listener panics on purpose";

/// Panics at every event.
pub(crate) fn panics(_: &Event) {
    panic!("{PANIC_MESSAGE}")
}

/// Never comes back from its first event.
pub(crate) fn blocks(_: &Event) {
    loop {
        std::thread::park();
    }
}

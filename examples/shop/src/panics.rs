//! Quiet about the panic that the load asks for.

use crate::routes::PANIC_MESSAGE;

/// Keeps the message of the panicking route from standard error: it is in the events, and a steady load would
/// bury everything else. Every other panic is printed as ever. Called before gomon chains its own hook.
pub(crate) fn expect_the_planned_one() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(PANIC_MESSAGE) {
            print(panic);
        }
    }));
}

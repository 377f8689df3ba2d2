//! Quiet about the panics that are asked for.

use crate::{faults, routes};

/// Keeps the planned panics from standard error: they are in the events and in the report, and a
/// steady load would bury everything else. Every other panic is printed as ever. Called before
/// gomon chains its own hook.
pub(crate) fn expect_the_planned_ones() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let planned = [routes::PANIC_MESSAGE, faults::PANIC_MESSAGE];
        if !panic
            .payload_as_str()
            .is_some_and(|message| planned.contains(&message))
        {
            print(panic);
        }
    }));
}

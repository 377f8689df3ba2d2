//! A listener that goes wrong costs its own events and nothing else.

use crate::program::{Folder, shop, text};

#[test]
fn a_listener_that_panics_is_counted_and_the_shop_serves_on() {
    let said = serve_with("panic");

    assert!(said.contains("listener_panic"), "{said}");
}

#[test]
fn a_listener_that_blocks_is_counted_and_the_shop_serves_on() {
    let said = serve_with("block");

    assert!(said.contains("shutdown_timeout"), "{said}");
}

/// The load is answered in full, and the healthy listener gets everything, beside one that goes
/// wrong.
fn serve_with(fault: &str) -> String {
    let folder = Folder::new(fault);
    let events = folder.file("out.jsonl");

    let run = shop(&[
        "--requests",
        "300",
        "--rate",
        "0",
        "--fault-listener",
        fault,
        "--events",
        &events,
    ]);

    let said = text(&run.stderr).to_owned();
    assert!(said.contains("load: 300 requests"), "{said}");
    shop(&["tree", &events]);
    said
}

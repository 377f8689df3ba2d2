//! The first promise: what a run of the load writes.

use crate::program::{Folder, shop, text};

#[test]
fn two_thousand_requests_keep_every_rule_of_the_contract() {
    let folder = Folder::new("full");
    let events = folder.file("out.jsonl");

    let run = shop(&["--requests", "2000", "--rate", "0", "--events", &events]);

    let said = text(&run.stderr);
    assert!(said.contains("load: 2000 requests"), "{said}");
    assert!(run.stdout.is_empty(), "events are in the file alone");
    shop(&["check", &events]);
    let tree = shop(&["tree", &events]);
    assert_snapshot(text(&tree.stdout));
}

#[test]
fn a_safe_capture_leaves_bodies_rows_and_addresses_out() {
    let folder = Folder::new("safe");
    let events = folder.file("out.jsonl");

    shop(&[
        "--requests",
        "300",
        "--rate",
        "0",
        "--capture",
        "safe",
        "--events",
        &events,
    ]);

    shop(&["check", &events, "--capture", "safe"]);
}

#[test]
fn a_minimal_capture_leaves_headers_out_too() {
    let folder = Folder::new("minimal");
    let events = folder.file("out.jsonl");

    shop(&[
        "--requests",
        "300",
        "--rate",
        "0",
        "--capture",
        "minimal",
        "--events",
        &events,
    ]);

    shop(&["check", &events, "--capture", "minimal"]);
    std::fs::remove_file(format!("{events}.stock")).unwrap();
    let tree = shop(&["tree", &events]);
    assert!(text(&tree.stdout).starts_with("http-wmux-servehttp POST /checkout 200\n"));
}

/// A changed tree is written anew with `UPDATE_SNAPSHOTS=1`, to be looked at in the diff.
fn assert_snapshot(tree: &str) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/it/checkout.snap");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::write(file, tree).unwrap();
    }
    assert_eq!(
        tree,
        std::fs::read_to_string(file).unwrap(),
        "the tree of POST /checkout is not that of {file}"
    );
}

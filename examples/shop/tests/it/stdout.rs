//! Without a file and without a terminal, the events of both processes are the output.

use std::collections::HashSet;

use serde_json::Value;

use crate::program::{shop, text};

#[test]
fn standard_output_holds_the_events_of_both_processes_and_nothing_else() {
    let run = shop(&["--requests", "30", "--rate", "0"]);

    let events: Vec<Value> = text(&run.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let processes: HashSet<&str> = events
        .iter()
        .map(|event| event["exec"].as_str().unwrap())
        .collect();
    assert_eq!(processes.len(), 2);
    assert!(text(&run.stderr).contains("the shop is open at http://127.0.0.1:"));
}

#[test]
fn help_names_every_way_to_stop() {
    let help = shop(&["--help"]);

    for way in ["--requests N", "--for TIME", "ctrl-c", "SIGTERM"] {
        assert!(text(&help.stdout).contains(way), "{way}");
    }
}

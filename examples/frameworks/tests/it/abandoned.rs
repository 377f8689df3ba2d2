//! gomon is shut down while a request is open. A process of its own, since that is for the whole process.

use std::process::Command;
use std::sync::{Arc, Mutex};

use gomon::Event;

use crate::ended::SERVER;
use crate::framework::{Framework, Layers, Running, RunsOn};
use crate::scenarios::{ABANDONED, SCENARIOS};
use crate::table::FRAMEWORKS;

/// The framework, in the environment of the process.
const NAME: &str = "GOMON_TEST_FRAMEWORK";

const ANSWER: &str = "the request is ";

/// Plays the scenario in another process, and gives what that said.
pub(crate) fn outcome_of<F: Framework>() -> String {
    let program = std::env::current_exe().expect("this program");
    let test = "abandoned::what_is_open_at_shutdown_in_a_process_of_its_own";
    let output = Command::new(program)
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env(NAME, F::NAME)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer = said.lines().find_map(|line| line.split_once(ANSWER));
    answer.map_or(said.clone(), |(_, outcome)| outcome.to_owned())
}

#[test]
#[ignore = "it is run by others, with the name of a framework"]
fn what_is_open_at_shutdown_in_a_process_of_its_own() {
    let name = std::env::var(NAME).unwrap_or_else(|_| FRAMEWORKS[0].name.to_owned());
    let framework = FRAMEWORKS.iter().find(|framework| framework.name == name);
    (framework.expect("a framework").abandon)();
}

/// Leaves a request open at shutdown, and says how it ended.
pub(crate) fn abandon<F: Framework>() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let listener = move |event: &Event| {
        if event.fp() == SERVER {
            let outcome = event.outcome().expect("a closing event");
            sink.lock().expect("locked").push(outcome.as_str());
        }
    };
    let _gomon = gomon::builder()
        .listener(listener)
        .start()
        .expect("started");
    let mut server = Running::start::<F>(Layers::One, RunsOn::No);
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == ABANDONED);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let play = scenario.expect("the scenario").play;
    runtime.expect("runtime").block_on(play(&mut server));
    drop(server);
    println!("{ANSWER}{}", seen.lock().expect("locked").join(" and "));
    assert_eq!(gomon::stats().after_shutdown, 0);
}

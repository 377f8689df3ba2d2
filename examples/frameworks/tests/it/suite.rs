//! Plays the scenarios under a framework, and holds what is seen to what the event contract says.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gomon::testing::{Recorded, Recorder};
use tokio::time::timeout;

use crate::abandoned;
use crate::ended::ended;
use crate::framework::{Exception, Framework, Running, RunsOn};
use crate::scenarios::{ABANDONED, SCENARIOS, Scenario};

/// How requests end under one framework, in the order of [`SCENARIOS`].
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) cells: Vec<Cell>,
}

/// How they end in one scenario.
pub(crate) struct Cell {
    /// Nothing where there is no such request.
    pub(crate) outcome: Option<&'static str>,
    /// Why it is not what the others have.
    pub(crate) reason: Option<&'static str>,
}

/// Plays all of it.
///
/// # Panics
///
/// If a request ends otherwise than it should; all that do are named.
pub(crate) fn column<F: Framework>() -> Column {
    let mut wrong = Vec::new();
    let cells = SCENARIOS.iter().map(|scenario| {
        let (outcome, reason) = match F::exception(scenario.name) {
            Some(Exception { outcome, reason }) => (outcome, Some(reason)),
            None => (Some(scenario.expected), None),
        };
        if let Some(expected) = outcome {
            let runs_on = reason.map_or(RunsOn::No, |_| RunsOn::Yes);
            let seen = catch_unwind(AssertUnwindSafe(|| play::<F>(scenario, runs_on)));
            let seen = seen.unwrap_or_else(|panic| message(&*panic));
            let all_are = |known: &str| {
                seen.split(" or ")
                    .all(|one| known.split(" or ").any(|other| one == other))
            };
            if !all_are(expected) {
                wrong.push(format!("{}: {expected}, not {seen}", scenario.name));
            }
        }
        Cell { outcome, reason }
    });
    let cells = cells.collect();
    assert!(wrong.is_empty(), "{}: {wrong:#?}", F::NAME);
    Column {
        name: F::NAME,
        cells,
    }
}

/// Until a server that does nothing is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the requests of a scenario end.
fn play<F: Framework>(scenario: &Scenario, runs_on: RunsOn) -> String {
    if scenario.name == ABANDONED {
        return abandoned::outcome_of::<F>();
    }
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut server = Running::start::<F>(scenario.layers, runs_on);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let played = runtime
            .expect("runtime")
            .block_on(async { timeout(PATIENCE, (scenario.play)(&mut server)).await });
        assert!(played.is_ok(), "nothing in {PATIENCE:?}");
        let mut seen: Vec<_> = ended(&recorder, scenario.requests)
            .iter()
            .map(told)
            .collect();
        seen.dedup();
        seen.join(" or ")
    })
}

fn told(event: &Recorded) -> String {
    let mut told = event.outcome().to_owned();
    if event.get("hijack").is_some() {
        told.push_str(", hijack");
    }
    if event.outcome() == "completed" && event.get("error").is_some() {
        told.push_str(", error noted");
    }
    told
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "a panic".to_owned())
}

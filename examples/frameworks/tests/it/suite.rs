//! Plays the scenarios under a framework, and holds what is seen to what the event contract says.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gomon::testing::{Recorded, Recorder};

use crate::abandoned;
use crate::ended::ended;
use crate::framework::{Exception, Framework, Running};
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
            let seen = catch_unwind(AssertUnwindSafe(|| play::<F>(scenario)));
            let seen = seen.unwrap_or_else(|panic| message(&*panic));
            if seen != expected {
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

/// How the requests of a scenario end.
fn play<F: Framework>(scenario: &Scenario) -> String {
    if scenario.name == ABANDONED {
        return abandoned::outcome_of::<F>();
    }
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut server = Running::start::<F>(scenario.layers);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime
            .expect("runtime")
            .block_on((scenario.play)(&mut server));
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

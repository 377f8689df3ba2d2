//! The kit for wrappers: one that does all passes, and each that lacks something is told what.

mod flaws;
mod toy;

use std::sync::Arc;

use gomon_core::testing::Wrapper;
use gomon_core::wait::Kind;

use flaws::{FLAWS, Flaw};
use toy::{FP, OPEN, SECRET, Toy, What};

/// The whole description of a toy.
fn described(flaw: Flaw) -> Wrapper<Toy> {
    let call = |what| move |toy: Arc<Toy>| toy.call(what);
    let name = flaw.config_name();
    Wrapper::new(FP, move || async move { Toy::new(flaw) })
        .completes(call(What::Works), "Ok(7)")
        .fails(
            call(What::Fails),
            "Err(Custom { kind: Other, error: \"no such toy\" })",
        )
        .panics(call(What::Panics))
        .pends(call(What::Pends))
        .nests(call(What::Nests), "inner")
        .hides(call(What::Secret), SECRET)
        .cuts(call(What::Long), "value")
        .keys(["what", "name"])
        .captures("value", |capture| capture.bodies() > 0)
        .waits(Kind::Net)
        .always_caused()
        .unit()
        .opens(OPEN)
        .config(name, r#"{"marks": true}"#, |event| {
            event.get("marked").is_some()
        })
        .probe("toy")
        .gauge("calls")
        .level("open")
        .row("colour")
        .action("ping")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrapper_that_does_everything_passes() {
    described(Flaw::None).check().await;
}

#[test]
fn it_passes_without_a_runtime_too() {
    described(Flaw::None).check_blocking();
}

#[tokio::test]
async fn each_flaw_is_named_with_the_call_to_add() {
    for (flaw, missing, add) in FLAWS {
        let found = described(*flaw).missing().await;
        let verb = if add.starts_with('`') { "add " } else { "" };
        let (head, add) = (format!("missing: {missing}"), format!("; {verb}{add}"));
        let named = found
            .iter()
            .any(|line| line.starts_with(&head) && line.contains(&add));
        assert!(
            named,
            "{flaw:?} should say\n{head}{add}\nbut says\n{}",
            found.join("\n")
        );
        assert!(
            found.len() <= 2,
            "{flaw:?} says too much:\n{}",
            found.join("\n")
        );
    }
}

#[test]
fn each_rule_has_a_flaw_that_breaks_it() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/wrapper/rules.rs");
    let rules = std::fs::read_to_string(page).unwrap();
    let (_, rules) = rules.split_once("rules! {\n").unwrap();
    let texts: Vec<&str> = rules
        .lines()
        .filter_map(|line| line.strip_prefix("        \""))
        .collect();
    for rule in texts.chunks(3) {
        let missing = rule[1].trim_end_matches("\",");
        assert!(
            FLAWS.iter().any(|(_, text, _)| *text == missing),
            "no flaw for: {missing}"
        );
    }
}

#[tokio::test]
#[should_panic(
    expected = "the wrapper of `toy-call` lacks 1\n\nmissing: the count of what was cut off (`value`); add `tracker.note_cut(key, bytes)`"
)]
async fn a_check_panics_with_all_that_is_missing() {
    described(Flaw::CutsSilently).check().await;
}

#[test]
#[should_panic(expected = "describe a call that returns well")]
fn a_description_without_a_call_is_not_enough() {
    Wrapper::new(FP, || async { Toy::new(Flaw::None) }).check_blocking();
}

#[tokio::test]
async fn what_is_not_described_is_named_when_something_is_missing() {
    let call = |toy: Arc<Toy>| toy.call(What::Works);
    let wrapper = Wrapper::new(FP, || async { Toy::new(Flaw::OtherResult) });
    let found = wrapper.completes(call, "Ok(7)").missing().await;
    assert_eq!(found.len(), 2, "{found:?}");
    let skipped =
        "not described, and so not checked: keys, nests, always_caused, fails, panics, pends, unit";
    assert!(found[1].starts_with(skipped), "{found:?}");
}

//! Retransmitters by configuration, also while events pass.

use gomon_core::{DropReason, EventTracker, Outcome, Retransmitter, RetransmitterConfig};

use crate::support::{DEADLINE, Sink, account, assert_ledger, builder, turn};

fn config(json: &str) -> RetransmitterConfig {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_configuration_says_the_same_as_code() {
    let _turn = turn();
    let (by_code, by_json) = (Sink::default(), Sink::default());
    let code = Retransmitter::new("code")
        .include(["http-*", "work"])
        .exclude(["http-x*"])
        .outcomes([Outcome::Failed, Outcome::TimedOut])
        .equal("tenant", 7)
        .map(|event| Some(gomon_core::Mapped::copy(event).remove("secret")))
        .listener(by_code.listener())
        .unwrap();
    let json = Retransmitter::new("json")
        .listener(by_json.listener())
        .unwrap();
    json.configure(&config(
        r#"{"include": ["http-*", "work"], "exclude": ["http-x*"], "outcomes": ["failed", "timed-out"],
            "equal": {"tenant": 7}, "remove": ["secret", "unknown"]}"#,
    ));
    let gomon = builder().listener(code).listener(json).start().unwrap();
    for fp in ["http-a", "http-xyz", "work", "other"] {
        for outcome in [Outcome::Failed, Outcome::TimedOut, Outcome::Completed] {
            for tenant in [7, 8] {
                let mut tracker = EventTracker::new(fp);
                tracker.set("tenant", tenant);
                tracker.set("secret", "x");
                tracker.mark(outcome);
            }
        }
    }
    drop(gomon);
    assert_eq!(by_json.events(), by_code.events());
    assert_eq!(by_json.events().len(), 1 + 4);
}

#[test]
fn a_configuration_may_replace_the_sampling_and_give_it_back() {
    let _turn = turn();
    let sink = Sink::default();
    let sampled = Retransmitter::new("sampled")
        .sampling(gomon_core::Sampling::ratio(0.0))
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(sampled.clone()).start().unwrap();
    let all = r#"{"sampling": {"ratio": 1}}"#;
    for (fp, json) in [("one", "{}"), ("two", all), ("three", "{}")] {
        sampled.configure(&config(json));
        EventTracker::new(fp).finish();
        gomon_core::flush(DEADLINE).unwrap();
    }
    assert_eq!(sink.fps(), ["application", "two"]);
    let report = sampled.reports().remove(0);
    assert_eq!(report.dropped, [(DropReason::SampledOut, 2)]);
    drop(gomon);
}

#[test]
fn ten_thousand_changes_under_load_lose_no_count() {
    let _turn = turn();
    let sink = Sink::default();
    let changing = Retransmitter::new("changing")
        .listener(sink.listener())
        .unwrap();
    let gomon = builder().listener(changing.clone()).start().unwrap();
    let configs = [
        config(r#"{"include": ["work"], "sampling": {"ratio": 0.5, "keep": ["rare"]}}"#),
        config(r#"{"limit_each": 100, "remove": ["n"]}"#),
        config(r#"{"sampling": {"ratio": 0.1}}"#),
        config("{}"),
    ];
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for n in 0..3_000_u64 {
                    EventTracker::new("work").enter(|| {
                        EventTracker::new("part").set("n", n);
                    });
                }
            });
        }
        for config in configs.iter().cycle().take(10_000) {
            changing.configure(config);
        }
    });
    gomon_core::flush(DEADLINE).unwrap();
    let report = changing.reports().remove(0);
    assert_eq!(report.pending, 0);
    assert_eq!(report.created, report.delivered + report.total_dropped());
    assert_eq!(report.delivered, sink.unique() as u64);
    let stats = gomon_core::stats();
    assert_ledger(&stats);
    assert_eq!(report.created, account(&stats, "changing").delivered);
    drop(gomon);
}

//! Spans and events of `tracing`.

use std::fmt::{self, Display};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as Poll, Waker};

use gomon_core::logs::GomonLayer;
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{EventTracker, current, log_ids};
use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing::{
    Instrument, Level, debug, debug_span, error, field, info, info_span, instrument, trace_span,
    warn,
};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, registry};

use super::support::{Panicking, Pipe, ids_of};

#[test]
fn a_span_is_an_event_from_when_it_is_made_to_when_it_is_left() {
    let recorder = recorded(GomonLayer::new(), || {
        let span =
            info_span!("import", rows = 3, ratio = 0.5, fast = true, who = "ada", what = ?Some(1));
        span.in_scope(|| EventTracker::new("parse").finish());
    });
    assert_eq!(recorder.tree(), "import\n  parse\n");
    let import = recorder.one("import");
    assert_eq!(
        (&import["rows"], &import["ratio"], &import["fast"]),
        (&json!(3), &json!(0.5), &json!(true))
    );
    assert_eq!(
        (&import["who"], &import["what"]),
        (&json!("ada"), &json!("Some(1)"))
    );
    assert_eq!(import["target"], module_path!());
    assert_eq!(import.get("busy"), None);
}

#[test]
fn a_span_inside_a_span_is_its_child_and_siblings_are_not() {
    let recorder = recorded(GomonLayer::new(), || {
        let outer = info_span!("outer").entered();
        info_span!("first").in_scope(|| info_span!("inside").in_scope(|| {}));
        info_span!("second").in_scope(|| {});
        drop(outer);
        info_span!("after").in_scope(|| {});
    });
    assert_eq!(
        recorder.tree(),
        "outer\n  first\n    inside\n  second\nafter\n"
    );
}

#[test]
fn a_span_may_name_its_parent_or_none() {
    let recorder = recorded(GomonLayer::new(), || {
        let other = info_span!("other");
        info_span!("outer").in_scope(|| {
            info_span!(parent: &other, "named").in_scope(|| info!("here"));
            info_span!(parent: None, "root").in_scope(|| {});
            info!(parent: &other, "there");
            info!(parent: None, "nowhere");
        });
    });
    assert_eq!(
        recorder.tree(),
        "other\n  named\n    log\n  log\nouter\nroot\nlog\n"
    );
    assert_eq!(parent_of(&recorder, "there"), recorder.one("other").id());
}

#[test]
fn gomons_events_and_spans_are_each_others_parents() {
    let recorder = recorded(GomonLayer::new(), || {
        EventTracker::new("request").enter(|| {
            info_span!("handler").in_scope(|| {
                EventTracker::new("query").enter(|| info_span!("row").in_scope(|| info!("read")));
            });
            EventTracker::new("reply").finish();
        });
    });
    assert_eq!(
        recorder.tree(),
        "request\n  handler\n    query\n      row\n        log\n  reply\n"
    );
}

#[test]
fn guards_that_are_dropped_in_any_order_leave_the_right_span_current() {
    let recorder = recorded(GomonLayer::new(), || {
        let (a, b, c) = (info_span!("a"), info_span!("b"), info_span!("c"));
        let (a, b, c) = (a.entered(), b.entered(), c.entered());
        drop(b);
        EventTracker::new("in-c").finish();
        drop(c);
        EventTracker::new("in-a").finish();
        drop(a);
        EventTracker::new("in-none").finish();
    });
    let parent = |fp| recorder.one(fp).parent().to_owned();
    assert_eq!(parent("in-c"), recorder.one("c").id());
    assert_eq!(parent("in-a"), recorder.one("a").id());
    assert_eq!(recorder.tree().lines().last(), Some("in-none"));
}

#[test]
fn a_span_that_is_entered_twice_is_current_until_it_is_left_twice() {
    let recorder = recorded(GomonLayer::new(), || {
        let span = info_span!("twice");
        span.in_scope(|| {
            info_span!("between").in_scope(|| {
                span.in_scope(|| EventTracker::new("inside").finish());
                EventTracker::new("still").finish();
            });
            EventTracker::new("at-last").finish();
        });
        EventTracker::new("after").finish();
    });
    assert_eq!(
        recorder.tree(),
        "twice\n  between\n    still\n  inside\n  at-last\nafter\n"
    );
}

#[test]
fn a_guard_that_is_dropped_inside_of_an_event_takes_nothing_from_it() {
    let recorder = recorded(GomonLayer::new(), || {
        let guard = info_span!("outer").entered();
        EventTracker::new("query").enter(|| {
            drop(guard);
            EventTracker::new("row").finish();
        });
    });
    assert_eq!(recorder.tree(), "outer\n  query\n    row\n");
}

#[test]
fn a_guard_that_is_held_across_an_await_does_not_leak_into_what_gomon_polls() {
    async fn held() {
        let _guard = info_span!("held").entered();
        pending::<()>().await;
    }
    let recorder = recorded(GomonLayer::new(), || {
        let mut request = EventTracker::new("request");
        {
            let mut future = pin!(request.scope(held()));
            let _ = future.as_mut().poll(&mut Poll::from_waker(Waker::noop()));
            EventTracker::new("other").finish();
        }
        EventTracker::new("later").finish();
    });
    assert_eq!(recorder.tree(), "request\n  held\nother\nlater\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_future_is_in_its_span_whenever_it_is_polled_and_on_whichever_thread() {
    async fn steps(name: &'static str) {
        for _ in 0..10 {
            EventTracker::new(name).finish();
            tokio::task::yield_now().await;
        }
    }
    let recorder = recorder_for_all_threads();
    let tasks = recorder.run(|| {
        let outer = info_span!("outer").entered();
        let one = tokio::spawn(steps("one-step").instrument(info_span!("one")));
        let two = tokio::spawn(steps("two-step").instrument(info_span!("two")));
        drop(outer);
        [one, two]
    });
    for task in tasks {
        task.await.unwrap();
    }
    let one = recorder.wait_for("one", 1).remove(0);
    let two = recorder.wait_for("two", 1).remove(0);
    assert!(one.is_child_of(&recorder.wait_for("outer", 1)[0]));
    for (steps, parent) in [("one-step", &one), ("two-step", &two)] {
        let steps = recorder.find(steps);
        assert_eq!(
            steps.iter().filter(|step| step.is_child_of(parent)).count(),
            10
        );
    }
    // It was entered for each of its polls and left in between.
    assert!((1..=one.lapsed()).contains(&one["busy"].as_u64().unwrap()));
}

#[test]
fn a_span_ends_when_it_was_left_last_though_a_child_lives_on() {
    let recorder = recorded(GomonLayer::new(), || {
        let child = info_span!("outer").in_scope(|| info_span!("detached"));
        let later = EventTracker::new("later");
        drop(later);
        drop(child);
    });
    let end = |fp: &str| {
        let event = recorder.one(fp);
        event["gomon:start"].as_u64().unwrap() + event.lapsed()
    };
    assert!(recorder.one("detached").is_child_of(&recorder.one("outer")));
    assert!(end("outer") <= recorder.one("later")["gomon:start"].as_u64().unwrap());
    assert!(end("detached") >= end("later"));
}

#[test]
fn a_span_may_be_closed_on_another_thread() {
    let recorder = recorded(GomonLayer::new(), || {
        let span = info_span!("moved");
        let there = move || span.in_scope(|| EventTracker::new("there").finish());
        let thread = std::thread::Builder::new().spawn(there);
        thread.unwrap().join().unwrap();
    });
    assert_eq!(recorder.tree(), "moved\n  there\n");
}

#[test]
fn what_is_recorded_later_is_added_and_secrets_never_enter() {
    let recorder = recorded(GomonLayer::new(), || {
        let span = info_span!("login", user = field::Empty, tries = 1, password = "hunter2", token = ?"abc");
        span.record("user", "ada").record("tries", 2);
        span.in_scope(|| current().set("from", "inside"));
    });
    let login = recorder.one("login");
    assert_eq!(
        (&login["user"], &login["tries"], &login["from"]),
        (&json!("ada"), &json!(2), &json!("inside"))
    );
    assert_eq!(
        (&login["password"], &login["token"]),
        (&json!("[redacted]"), &json!("[redacted]"))
    );
    assert!(!login.to_string().contains("hunter2"));
}

#[test]
fn an_event_is_a_line_of_the_log_in_its_span() {
    let line = line!() + 3;
    let recorder = recorded(GomonLayer::new(), || {
        info_span!("pay").in_scope(|| {
            warn!(target: "till", order = 7, price = 2.5, who = %"ada", api_key = "abc", "paid {}", 2);
        });
    });
    let log = recorder.one("log");
    assert!(log.is_child_of(&recorder.one("pay")));
    assert_eq!(
        (&log["level"], &log["target"], &log["message"]),
        (&json!("warn"), &json!("till"), &json!("paid 2"))
    );
    assert_eq!(
        log["fields"],
        json!({"order": 7, "price": 2.5, "who": "ada", "api_key": "[redacted]"})
    );
    assert_eq!(log["location"], format!("{}:{line}", file!()));
    assert_eq!(recorder.one("pay").outcome(), "completed");
}

#[test]
fn a_line_that_was_forwarded_from_log_keeps_its_target_and_its_place() {
    let recorder = recorded(GomonLayer::new(), || {
        let (target, file, line) = ("shop::till", "src/till.rs", 7_u64);
        tracing::event!(target: "log", Level::INFO, { log.target = target, log.module_path = target, log.file = file, log.line = line }, "closed");
    });
    let log = recorder.one("log");
    assert_eq!(
        (&log["target"], &log["location"]),
        (&json!("shop::till"), &json!("src/till.rs:7"))
    );
    assert_eq!(
        (&log["message"], log.get("fields")),
        (&json!("closed"), None)
    );
}

#[test]
fn an_error_event_fails_the_span_it_is_in_and_no_other() {
    let line = line!() + 6;
    let recorder = recorded(GomonLayer::new(), || {
        info_span!("outer").in_scope(|| {
            info_span!("inner").in_scope(|| {
                debug_span!("left-out").in_scope(|| {
                    let cause = std::io::Error::other("disk on fire");
                    error!(
                        error = &Wrapped(cause) as &dyn std::error::Error,
                        "not saved"
                    );
                });
            });
            EventTracker::new("query").enter(|| error!("in the query"));
        });
    });
    assert_eq!(
        recorder.tree(),
        "outer\n  inner failed\n    log\n  query\n    log\n"
    );
    let error = &recorder.one("inner")["error"][0];
    assert_eq!(
        (&error["msg"], &error["chain"]),
        (&json!("wrapped"), &json!(["disk on fire"]))
    );
    assert_eq!(error["location"], format!("{}:{line}", file!()));
    let log = recorder
        .find("log")
        .into_iter()
        .find(|log| log["message"] == "not saved")
        .unwrap();
    assert_eq!(log["fields"], json!({"error": "wrapped"}));
}

#[test]
fn an_error_event_without_an_error_says_why_by_its_message() {
    let recorder = recorded(GomonLayer::new(), || {
        info_span!("pay").in_scope(|| error!("no {}", "money"))
    });
    assert_eq!(recorder.one("pay")["error"][0]["msg"], "no money");
    let kept = recorded(GomonLayer::new().keep_outcomes(), || {
        info_span!("pay").in_scope(|| error!("no"))
    });
    assert_eq!(kept.tree(), "pay\n  log\n");
}

#[test]
fn a_function_that_returns_an_error_has_failed_if_it_says_err() {
    #[instrument(err)]
    fn pay(_order: u32) -> Result<(), std::io::Error> {
        Err(std::io::Error::other("no money"))
    }
    let recorder = recorded(GomonLayer::new(), || drop(pay(7)));
    assert_eq!(recorder.tree(), "pay failed\n  log\n");
    let pay = recorder.one("pay");
    assert_eq!(
        (&pay["error"][0]["msg"], &pay["_order"]),
        (&json!("no money"), &json!(7))
    );
}

#[test]
fn fields_of_a_span_may_say_that_it_failed() {
    let recorder = recorded(GomonLayer::new(), || {
        info_span!("by-status", otel.status_code = "ERROR");
        info_span!("by-flag", error = true);
        info_span!("by-text", error = %"no money");
        info_span!("later", error = field::Empty).record(
            "error",
            &Wrapped(std::io::Error::other("disk")) as &(dyn std::error::Error + 'static),
        );
        info_span!("well", otel.status_code = "OK", error = false);
    });
    assert_eq!(
        recorder.tree(),
        "by-status failed\nby-flag failed\nby-text failed\nlater failed\nwell\n"
    );
    assert_eq!(recorder.one("by-text")["error"][0]["msg"], "no money");
    assert_eq!(recorder.one("later")["error"][0]["chain"], json!(["disk"]));
}

#[test]
fn a_span_that_a_panic_drops_has_panicked() {
    let recorder = recorded(GomonLayer::new(), || {
        let run = || info_span!("brave").in_scope(|| panic!("too brave"));
        catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    });
    assert_eq!(recorder.one("brave").outcome(), "panicked");
    assert_eq!(recorder.one("brave")["error"][0]["msg"], "too brave");
}

#[test]
fn what_a_span_follows_from_is_named() {
    let recorder = recorded(GomonLayer::new(), || {
        let (before, after) = (info_span!("before"), info_span!("after"));
        after.follows_from(&before);
        after.in_scope(|| {});
    });
    assert_eq!(
        recorder.one("after")["follows-from"],
        json!([recorder.one("before").id()])
    );
}

#[test]
fn spans_past_the_level_are_no_events_and_hand_their_parent_on() {
    let recorder = recorded(GomonLayer::new(), || {
        let deep = info_span!("request").in_scope(|| debug_span!("left-out"));
        deep.in_scope(|| {
            info_span!("on-another-thread").in_scope(|| debug!("not said"));
        });
        info_span!(parent: &deep, "named").in_scope(|| {});
        EventTracker::new("query").enter(|| deep.in_scope(|| EventTracker::new("row").finish()));
    });
    assert_eq!(
        recorder.tree(),
        "request\n  on-another-thread\n  named\nquery\n  row\n"
    );
}

#[test]
fn who_asks_for_more_gets_more() {
    let layer = GomonLayer::new()
        .max_level(LevelFilter::WARN)
        .target_level("watched", LevelFilter::DEBUG);
    let recorder = recorded(layer, || {
        info!("one");
        warn!("two");
        debug!(target: "watched::inside", "three");
        debug_span!(target: "watched", "four").in_scope(|| {});
    });
    assert_eq!(recorder.tree(), "log\nlog\nfour\n");
}

#[test]
fn a_filter_in_front_leaves_out_spans_and_events() {
    let recorder = Recorder::new();
    let layer = GomonLayer::new()
        .max_level(LevelFilter::TRACE)
        .with_filter(LevelFilter::DEBUG);
    let subscriber = registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        recorder.run(|| {
            info_span!("request").in_scope(|| {
                trace_span!("left-out")
                    .in_scope(|| debug_span!("inside").in_scope(|| debug!("said")));
            });
        });
    });
    assert_eq!(recorder.tree(), "request\n  inside\n    log\n");
}

#[test]
fn gomons_own_target_is_not_fed_back() {
    let recorder = recorded(GomonLayer::new(), || {
        info_span!(target: "gomon", "own").in_scope(|| info!(target: "gomon", "own"));
        tracing::event!(target: "gomon", Level::ERROR, "own");
    });
    assert_eq!(recorder.tree(), "");
}

#[test]
fn what_is_not_monitored_stays_so_in_the_spans_that_are_made_there() {
    let recorder = recorded(GomonLayer::new(), || {
        let span = gomon_core::unmonitored(|| info_span!("quiet"));
        span.in_scope(|| {
            info!("quiet");
            EventTracker::new("quiet").finish();
        });
    });
    assert_eq!(recorder.tree(), "");
}

#[test]
fn values_that_panic_or_log_while_they_are_formatted_harm_nobody() {
    struct Talkative;
    impl Display for Talkative {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!("displayed");
            info_span!("displaying").in_scope(|| {});
            f.write_str("talkative")
        }
    }
    // Of a subscriber for one thread alone, `tracing` itself would hide what is logged meanwhile.
    let recorder = recorder_for_all_threads();
    recorder.run(|| {
        let span = info_span!("odd", a = %Panicking, b = %Talkative, c = field::Empty);
        span.record("c", field::display(Talkative));
        span.in_scope(|| info!(d = %Talkative, "{Panicking}"));
    });
    // Panics have events of their own.
    assert_eq!(recorder.events().len(), 2 + recorder.find("panic").len());
    let (odd, log) = (recorder.one("odd"), recorder.one("log"));
    assert_eq!(odd["a"], "half [its Display panicked]");
    assert_eq!(
        (&odd["b"], &odd["c"]),
        (&json!("talkative"), &json!("talkative"))
    );
    assert_eq!(log["message"], "half [its Display panicked]");
    assert_eq!(log["fields"], json!({"d": "talkative"}));
}

#[test]
fn lines_of_other_layers_can_show_the_ids_of_their_span() {
    use std::sync::Mutex;
    use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format::Writer};
    struct WithIds;
    impl<S, N> FormatEvent<S, N> for WithIds
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        fn format_event(
            &self,
            fields: &FmtContext<'_, S, N>,
            mut out: Writer<'_>,
            event: &tracing::Event<'_>,
        ) -> fmt::Result {
            write!(out, "{} ", log_ids())?;
            fields.format_fields(out.by_ref(), event)?;
            writeln!(out)
        }
    }
    let pipe = Pipe::default();
    let formatted = tracing_subscriber::fmt::layer()
        .event_format(WithIds)
        .with_writer(Mutex::new(pipe.clone()));
    let recorder = Recorder::new();
    tracing::subscriber::with_default(registry().with(formatted).with(GomonLayer::new()), || {
        recorder.run(|| info_span!("pay").in_scope(|| info!("paid")));
    });
    assert_eq!(
        pipe.text(),
        format!("{} paid\n", ids_of(&recorder.one("pay")))
    );
}

#[derive(Debug)]
struct Wrapped(std::io::Error);

impl Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn recorded(layer: GomonLayer, f: impl FnOnce()) -> Recorder {
    let recorder = Recorder::new();
    tracing::subscriber::with_default(registry().with(layer), || recorder.run(f));
    recorder
}

/// A recorder, and the process's subscriber.
fn recorder_for_all_threads() -> Recorder {
    let subscriber = registry().with(GomonLayer::new());
    // Another test may have been first, with the same.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Recorder::new()
}

fn parent_of(recorder: &Recorder, message: &str) -> String {
    let said = |log: &Recorded| log["message"] == message;
    recorder
        .find("log")
        .into_iter()
        .find(said)
        .unwrap()
        .parent()
        .to_owned()
}

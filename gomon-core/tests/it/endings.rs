use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gomon_core::testing::{Recorder, with_recorder, with_recorder_async};
use gomon_core::{EndGuard, EventTracker, FutureExt, Outcome, WorkDetails, in_flight};

#[test]
fn a_stronger_outcome_is_never_replaced_by_a_weaker() {
    let all = [
        Outcome::Completed,
        Outcome::Abandoned,
        Outcome::Cancelled,
        Outcome::Truncated,
        Outcome::Failed,
        Outcome::TimedOut,
        Outcome::Panicked,
    ];
    for (weak, strong) in all.iter().zip(&all[1..]) {
        let mut tracker = recording();
        tracker.mark(*strong).mark(*weak);
        assert_eq!(tracker.outcome(), *strong);
    }
}

#[test]
fn a_tracker_dropped_by_unwinding_has_panicked_with_payload_and_location() {
    let recorder = Recorder::new();
    let line = line!() + 4;
    recorder.run(|| {
        let unwound = catch_unwind(|| {
            let _tracker = EventTracker::new("work");
            panic!("disk {}", "full");
        });
        assert!(unwound.is_err());
        EventTracker::new("after").finish();
    });
    let work = recorder.one("work");
    assert_eq!(work.outcome(), "panicked");
    assert_eq!(work["error"][0]["msg"], "disk full");
    assert_eq!(work["error"][0]["location"], format!("{}:{line}", file!()));
    assert_eq!(recorder.one("after").outcome(), "completed");
    let panic = recorder.one("panic");
    assert_eq!(
        (&panic["payload"], &panic["location"]),
        (&"disk full".into(), &work["error"][0]["location"])
    );
}

#[test]
fn a_tracker_made_and_dropped_while_unwinding_has_not_panicked() {
    struct Cleaner;
    impl Drop for Cleaner {
        fn drop(&mut self) {
            EventTracker::new("cleaning").finish();
        }
    }
    let recorder = Recorder::new();
    recorder.run(|| {
        let unwound = catch_unwind(|| {
            let _cleaner = Cleaner;
            panic!("oh");
        });
        assert!(unwound.is_err());
    });
    assert_eq!(recorder.one("cleaning").outcome(), "completed");
}

#[test]
fn a_guard_ends_with_what_its_drop_means() {
    let recorder = Recorder::new();
    recorder.run(|| {
        drop(EndGuard::new(EventTracker::new("early")));
        let mut streaming = EndGuard::new(EventTracker::new("streaming"));
        streaming.on_drop(Outcome::Truncated);
        drop(streaming);
        EndGuard::new(EventTracker::new("whole")).finish(Outcome::Completed);
        EndGuard::new(EventTracker::new("given-back"))
            .into_tracker()
            .finish();
    });
    let outcomes: Vec<_> = ["early", "streaming", "whole", "given-back"]
        .map(|fp| recorder.one(fp).outcome().to_owned())
        .into();
    assert_eq!(
        outcomes,
        ["cancelled", "truncated", "completed", "completed"]
    );
}

#[test]
fn a_panic_inside_a_guard_goes_on_and_ends_the_event_once() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut guard = EndGuard::new(EventTracker::new("polled"));
        let panicked = catch_unwind(AssertUnwindSafe(|| guard.poll(|| std::panic::panic_any(7))));
        assert_eq!(panicked.unwrap_err().downcast_ref::<i32>(), Some(&7));
        drop(guard);
    });
    let polled = recorder.one("polled");
    assert_eq!(
        (polled.outcome(), &polled["error"][0]["type"]),
        ("panicked", &"panic".into())
    );
}

#[tokio::test]
async fn monitored_futures_end_as_completed_cancelled_or_panicked() {
    let recorder = Recorder::new();
    let work = async {
        async {}.monitored("ready").await;
        let never = std::future::pending::<()>().monitored("dropped");
        tokio::select! {
            () = never => unreachable!(),
            () = tokio::task::yield_now() => {}
        }
        let panics = gomon_core::spawn(async { panic!("oh") }.monitored("panics"));
        assert!(panics.await.is_err());
    };
    recorder.scope(work).await;
    assert_eq!(recorder.one("ready").outcome(), "completed");
    assert_eq!(recorder.one("dropped").outcome(), "cancelled");
    assert_eq!(recorder.one("panics").outcome(), "panicked");
}

#[test]
fn a_unit_that_is_polled_is_listed_under_its_label_until_it_ends() {
    let unit = |label: &str| {
        EndGuard::registered_unit(
            EventTracker::new("request"),
            WorkDetails::default(),
            |text| {
                text.push_str(label);
            },
        )
    };
    let label = || -> Vec<_> { in_flight().into_iter().map(|work| work.label).collect() };
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut first = unit("GET /a/long/path");
        let open = in_flight();
        assert_eq!(open.len(), 1);
        assert_eq!(
            (open[0].kind, Some(open[0].id)),
            ("request", first.tracker().id())
        );
        assert!(open[0].doing.is_some() && open[0].busy.is_some());
        first.tracker_ref().context().relabel("GET /a");
        assert_eq!(label(), ["GET /a"]);
        first.tracker().register("GET /b");
        assert_eq!(label(), ["GET /b"], "it is one unit still");
        first.finish(Outcome::Completed);
        assert_eq!(label(), [""; 0]);
        let second = unit("GET /");
        assert_eq!(label(), ["GET /"], "in the place of the first");
        second.finish(Outcome::Completed);
    });
    assert_eq!(recorder.records().len(), 2);
    assert!(
        recorder
            .records()
            .iter()
            .all(|record| record.outcome() == "completed")
    );
}

#[test]
fn a_unit_that_its_guard_gives_back_is_listed_until_its_tracker_ends() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let unit =
            EndGuard::registered_unit(EventTracker::new("dial"), WorkDetails::default(), |text| {
                text.push_str("dial db");
            });
        let tracker = unit.into_tracker();
        let open = in_flight();
        assert_eq!((open.len(), &*open[0].label), (1, "dial db"));
        assert!(open[0].doing.is_none(), "nobody polls it");
        drop(tracker);
        assert!(in_flight().is_empty());
    });
    assert_eq!(recorder.one("dial").outcome(), "completed");
}

#[test]
fn opening_and_closing_events_share_their_id_and_units_are_listed_in_between() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut tracker = EventTracker::new("net-conn");
        tracker.set("raddr", "[::1]:80").send_opening();
        let open = in_flight();
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].kind, Some(open[0].id)), ("net-conn", tracker.id()));
        tracker.set("reads", 3);
        drop(tracker);
        assert!(in_flight().is_empty());
    });
    let records = recorder.records();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].id(), records[1].id());
    assert!(records[0].is_open() && !records[1].is_open());
    assert_eq!(
        (
            records[0].get("gomon:outcome"),
            records[0].get("gomon:lapsed")
        ),
        (None, None)
    );
    assert_eq!(
        (&records[0]["raddr"], &records[1]["raddr"]),
        (&"[::1]:80".into(), &"[::1]:80".into())
    );
    assert_eq!(
        (records[0].get("reads"), &records[1]["reads"]),
        (None, &3.into())
    );
}

#[test]
fn errors_have_their_location_and_their_sources() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("could not read the price list")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let recorder = Recorder::new();
    let line = line!() + 4;
    recorder.run(|| {
        let mut tracker = EventTracker::new("work");
        tracker
            .add_error(&Outer(std::io::Error::other("no such file")))
            .add_error_msg("gave up");
    });
    let work = recorder.one("work");
    let expected = serde_json::json!([
        {"msg": "could not read the price list", "location": format!("{}:{line}", file!()), "chain": ["no such file"]},
        {"msg": "gave up", "location": format!("{}:{}", file!(), line + 1)},
    ]);
    assert_eq!((work.outcome(), &work["error"]), ("failed", &expected));
}

#[test]
fn embedded_children_travel_inside_their_parent() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut parent = EventTracker::new("parent");
        let mut detail = parent.child("detail");
        detail.set("n", 1);
        parent.embed(detail);
    });
    let parent = recorder.one("parent");
    assert_eq!(recorder.find("detail"), []);
    assert_eq!(parent["children"][0]["gomon:fp"], "detail");
    assert_eq!(parent["children"][0]["parent"], parent["id"]);
    assert_eq!(parent["children"][0]["n"], 1);
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let (from, lapsed) = (
        number(&parent["gomon:start"]),
        number(&parent["gomon:lapsed"]),
    );
    let began = number(&parent["children"][0]["gomon:start"]);
    assert!((from..=from + lapsed).contains(&began), "{began}");
}

/// A tracker that records, whatever other tests do.
fn recording() -> EventTracker {
    let recorder = Recorder::new();
    let tracker = recorder.run(|| EventTracker::new("any"));
    assert!(tracker.is_recording());
    tracker
}

#[test]
fn the_panic_of_another_request_is_not_taken_for_ones_own() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let _ = catch_unwind(|| panic!("first"));
        let mut guard = EndGuard::new(EventTracker::new("second"));
        let again =
            AssertUnwindSafe(|| guard.poll(|| std::panic::resume_unwind(Box::new("second"))));
        let _ = catch_unwind(again);
    });
    assert_eq!(recorder.one("second")["error"][0]["msg"], "second");
}

#[tokio::test]
async fn a_future_that_somebody_elses_panic_drops_is_cancelled() {
    let recorder = Recorder::new();
    let panics = async {
        let mut bystander = Box::pin(std::future::pending::<()>().monitored("bystander"));
        tokio::select! {
            biased;
            () = &mut bystander => unreachable!(),
            () = async {} => panic!("oh"),
        }
    };
    let task = recorder.scope(async { gomon_core::spawn(panics).await });
    assert!(task.await.is_err());
    assert_eq!(recorder.one("bystander").outcome(), "cancelled");
}

#[test]
fn a_guard_that_was_never_polled_has_panicked_when_unwinding_drops_it() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let unwound = catch_unwind(|| {
            let _transaction = EndGuard::new(EventTracker::new("transaction"));
            panic!("oh");
        });
        assert!(unwound.is_err());
    });
    assert_eq!(recorder.one("transaction").outcome(), "panicked");
}

#[tokio::test]
async fn what_a_cancelled_future_drops_belongs_to_its_event() {
    struct Rollback;
    impl Drop for Rollback {
        fn drop(&mut self) {
            EventTracker::new("rollback").finish();
        }
    }
    let recorder = Recorder::new();
    let job = async {
        let _rollback = Rollback;
        std::future::pending::<()>().await;
    };
    let work = async {
        tokio::select! {
            () = job.monitored("job") => unreachable!(),
            () = tokio::task::yield_now() => {}
        }
    };
    recorder.scope(work).await;
    assert!(recorder.one("rollback").is_child_of(&recorder.one("job")));
}

#[test]
fn a_registered_detail_travels_once() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut parent = EventTracker::new("parent");
        let mut detail = parent.child("detail");
        detail.register("detail");
        parent.embed(detail);
        assert!(in_flight().is_empty());
    });
    assert_eq!(recorder.one("parent")["children"][0]["gomon:fp"], "detail");
}

#[test]
fn a_panic_event_has_the_stack_and_the_work_in_hand() {
    #[inline(never)]
    fn goes_wrong() {
        panic!("out of shelves");
    }
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut request = EventTracker::new("request");
        request.register("GET /shelves");
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            request.enter(|| EventTracker::new("query").enter(goes_wrong));
        }));
        assert!(caught.is_err());
    });
    let panic = recorder.one("panic");
    assert!(panic.is_child_of(&recorder.one("query")));
    let work = &panic["work"];
    assert_eq!(
        (&work["kind"], &work["label"]),
        (&"request".into(), &"GET /shelves".into())
    );
    assert_eq!(work["id"], recorder.one("request").id());
    let stack = panic["backtrace"].as_str().unwrap();
    assert!(
        stack.lines().next().unwrap().contains("goes_wrong"),
        "{stack}"
    );
    assert!(!stack.contains("gomon_core::tracker::panics"), "{stack}");
}

#[test]
fn errors_of_anyhow_and_eyre_are_added_by_reference() {
    let recorder = Recorder::new();
    let cause = || std::io::Error::other("disk on fire");
    recorder.run(|| {
        let by_anyhow = anyhow::Error::new(cause()).context("while saving");
        EventTracker::new("anyhow").add_error(&*by_anyhow);
        let by_eyre = eyre::Report::new(cause()).wrap_err("while saving");
        EventTracker::new("eyre").add_error(&*by_eyre);
        let boxed: Box<dyn std::error::Error> = Box::new(cause());
        EventTracker::new("boxed").add_error(&*boxed);
    });
    for fp in ["anyhow", "eyre"] {
        let error = recorder.one(fp)["error"][0].clone();
        assert_eq!(
            (&error["msg"], &error["chain"][0]),
            (&"while saving".into(), &"disk on fire".into())
        );
    }
    assert_eq!(recorder.one("boxed")["error"][0]["msg"], "disk on fire");
}

#[tokio::test]
async fn a_guard_that_is_the_scope_of_a_future_ends_on_each_path() {
    with_recorder_async(async |recorder| {
        let call = async |inner: std::pin::Pin<Box<dyn Future<Output = ()>>>| {
            let mut guard = EndGuard::new(EventTracker::new("call"));
            guard.scope(inner).await;
            guard.finish(Outcome::Completed);
        };
        struct Leaves;
        impl Drop for Leaves {
            fn drop(&mut self) {
                EventTracker::new("left").finish();
            }
        }
        call(Box::pin(async { EventTracker::new("inside").finish() })).await;
        let pending = call(Box::pin(async {
            let _leaves = Leaves;
            std::future::pending().await
        }));
        assert!(futures_util::FutureExt::now_or_never(pending).is_none());
        let panics = call(Box::pin(async {
            std::panic::resume_unwind(Box::new("oh"))
        }));
        let panics = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(panics));
        assert!(panics.await.is_err());
        let tree = "call\n  inside\ncall cancelled\n  left\ncall panicked\n";
        assert_eq!(recorder.tree(), tree);
    })
    .await;
}

#[test]
fn what_is_told_of_when_it_is_over_started_earlier() {
    with_recorder(|recorder| {
        let clock = recorder.manual_clock();
        clock.advance(Duration::from_secs(1));
        let mut request = EventTracker::new("request");
        clock.advance(Duration::from_secs(9));
        let mut told = request.child("told");
        told.backdate(Duration::from_secs(4));
        assert_eq!(told.elapsed(), Duration::from_secs(4));
        told.finish();
        request.enter(|| {
            EventTracker::new("longer").backdate(Duration::from_secs(10));
        });
        EventTracker::new("always").backdate(Duration::MAX);
        EventTracker::empty().backdate(Duration::from_secs(1));
        drop(request);
        let (request, told) = (recorder.one("request"), recorder.one("told"));
        assert_eq!(told.lapsed(), 4_000_000_000);
        assert_eq!(told.start() - request.start(), 5_000_000_000);
        assert_eq!(recorder.one("longer").start(), request.start());
        assert_eq!(
            recorder.one("always").start(),
            request.start() - 1_000_000_000
        );
    });
}

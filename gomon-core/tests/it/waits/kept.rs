//! What wrappers keep of a unit until it ends.

use std::sync::Arc;

use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{EndGuard, EventTracker, FutureExt, WorkDetails, wait};

#[derive(Default)]
struct Lookups(u64);

impl wait::Kept for Lookups {
    fn unit_ended(&mut self, unit: &mut EventTracker) {
        unit.set("lookups", self.0);
        unit.child("finding").finish();
    }
}

fn look_up() -> Option<u64> {
    wait::keep(|Lookups(count)| {
        *count += 1;
        *count
    })
}

#[tokio::test]
async fn what_is_kept_is_said_when_the_unit_ends() {
    let recorder = Recorder::new();
    let job = async {
        assert_eq!(look_up(), Some(1));
        tokio::task::yield_now().await;
        assert_eq!(look_up(), Some(2));
    };
    recorder.scope(job.monitored("job")).await;
    let unit = recorder.one("job");
    assert_eq!(unit["lookups"], 2);
    let finding = recorder.one("finding");
    assert!(finding.is_child_of(&unit));
    let end = |event: &Recorded| event.start() + event.lapsed();
    assert!(end(&finding) <= end(&unit), "told before the unit ended");
}

#[tokio::test]
async fn each_unit_keeps_its_own_and_the_next_one_begins_anew() {
    let recorder = Recorder::new();
    let jobs = async {
        for _ in 0..3 {
            let inner = async { look_up() }.monitored("inner");
            assert_eq!(inner.await, Some(1));
        }
        look_up();
    };
    recorder.scope(jobs.monitored("outer")).await;
    assert_eq!(recorder.find("inner").len(), 3);
    for unit in recorder.find("inner").iter().chain(&recorder.find("outer")) {
        assert_eq!(unit["lookups"], 1);
    }
}

#[tokio::test]
async fn a_unit_that_is_cancelled_says_it_too() {
    let recorder = Recorder::new();
    let job = async {
        look_up();
        std::future::pending::<()>().await;
    };
    let mut job = Box::pin(recorder.scope(job.monitored("job")));
    assert!(futures_util::poll!(&mut job).is_pending());
    drop(job);
    let unit = recorder.one("job");
    assert_eq!(unit["lookups"], 1);
    assert_eq!(unit.outcome(), "cancelled");
}

#[tokio::test]
async fn outside_of_units_and_in_tasks_there_is_nothing_to_keep_it_for() {
    let recorder = Recorder::new();
    assert_eq!(recorder.run(look_up), None);
    let job = async {
        let spawned = gomon_core::spawn(async { look_up() });
        assert_eq!(spawned.await.expect("it ends"), None);
    };
    recorder.scope(job.monitored("job")).await;
}

#[tokio::test]
async fn a_panic_while_it_is_said_harms_nothing() {
    #[derive(Default)]
    struct Broken;

    impl wait::Kept for Broken {
        fn unit_ended(&mut self, _unit: &mut EventTracker) {
            panic!("broken");
        }
    }

    let recorder = Recorder::new();
    let job = async {
        let _ = wait::keep(|_: &mut Broken| ());
        look_up();
    };
    recorder.scope(job.monitored("job")).await;
    let unit = recorder.one("job");
    assert_eq!(unit["lookups"], 1);
    assert_eq!(unit.outcome(), "completed");
}

#[tokio::test]
async fn units_of_one_fingerprint_and_route_are_of_one_kind() {
    let recorder = Recorder::new();
    let kind = async |fp: &'static str, route: Option<&str>| {
        // Each time another text of the same letters.
        let details = WorkDetails::of_request(route.map(Arc::from), None);
        let tracker = EventTracker::in_context(fp, recorder.context());
        let mut unit = EndGuard::registered_unit(tracker, details, |_| {});
        unit.scope(async { wait::kind_of_unit() }).await
    };
    let users = kind("request", Some("/users/{id}")).await;
    assert!(users.is_some());
    assert_eq!(kind("request", Some("/users/{id}")).await, users);
    assert_ne!(kind("request", Some("/orders")).await, users);
    assert_ne!(kind("job", Some("/users/{id}")).await, users);
    assert_eq!(recorder.run(wait::kind_of_unit), None);
}

use gomon_core::testing::Recorder;
use gomon_core::{Context, EventTracker, FutureExt, current, root};

#[test]
fn a_tracker_is_a_child_of_what_is_entered_and_does_not_itself_become_current() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut outer = EventTracker::new("outer");
        let _beside = EventTracker::new("beside");
        outer.enter(|| EventTracker::new("inside").finish());
        let _child = outer.child("child");
    });
    let outer = recorder.one("outer");
    assert!(recorder.one("inside").is_child_of(&outer));
    assert!(recorder.one("child").is_child_of(&outer));
    assert_eq!(recorder.one("beside").parent(), outer.parent());
    assert_ne!(recorder.one("beside")["gomon:trace"], outer["gomon:trace"]);
    assert_eq!(recorder.one("inside")["gomon:trace"], outer["gomon:trace"]);
}

#[test]
fn the_root_of_a_trace_has_the_application_as_parent() {
    let recorder = Recorder::new();
    recorder.run(|| EventTracker::new("lone").finish());
    let lone = recorder.one("lone");
    assert_eq!(
        lone.parent(),
        gomon_core::execution_id().unwrap().to_string()
    );
    assert_eq!(lone["exec"], lone["parent"]);
}

#[test]
fn the_context_is_back_after_a_panic() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let before = current();
        let mut tracker = EventTracker::new("outer");
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracker.enter(|| panic!("oh"))
        }));
        assert!(panicked.is_err());
        assert_eq!(current(), before);
        tracker.set("after", 1);
    });
    assert_eq!(recorder.one("outer")["after"], 1);
    assert!(recorder.one("panic").is_child_of(&recorder.one("outer")));
}

#[tokio::test]
async fn interleaved_futures_keep_their_own_context() {
    let recorder = Recorder::new();
    let work = |name| async move {
        for _ in 0..10 {
            EventTracker::new(name).finish();
            tokio::task::yield_now().await;
        }
    };
    let both = async {
        let (mut a, mut b) = (EventTracker::new("a"), EventTracker::new("b"));
        tokio::join!(a.scope(work("in-a")), b.scope(work("in-b")));
    };
    recorder.scope(both).await;
    let (a, b) = (recorder.one("a"), recorder.one("b"));
    assert_eq!(
        recorder
            .find("in-a")
            .iter()
            .filter(|event| event.is_child_of(&a))
            .count(),
        10
    );
    assert_eq!(
        recorder
            .find("in-b")
            .iter()
            .filter(|event| event.is_child_of(&b))
            .count(),
        10
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spawned_tasks_and_blocking_calls_carry_the_parent() {
    let recorder = Recorder::new();
    let work = async {
        let task = gomon_core::spawn(async { EventTracker::new("spawned").finish() });
        let blocking = gomon_core::spawn_blocking(|| EventTracker::new("blocking").finish());
        task.await.unwrap();
        blocking.await.unwrap();
    };
    recorder.scope(work.monitored("job")).await;
    let job = recorder.one("job");
    assert!(recorder.one("spawned").is_child_of(&job));
    assert!(recorder.one("blocking").is_child_of(&job));
}

#[tokio::test]
async fn root_work_belongs_to_the_application_wherever_it_starts() {
    let recorder = Recorder::new();
    recorder
        .scope(async { root("refresh", async {}).await }.monitored("request"))
        .await;
    assert_eq!(
        recorder.one("refresh").parent(),
        recorder.one("request").parent()
    );
}

#[tokio::test]
async fn late_attributes_reach_the_innermost_event_that_is_polled() {
    let recorder = Recorder::new();
    let inner = async {
        tokio::task::yield_now().await;
        current().set("user", "joe");
    };
    recorder
        .scope(async { inner.monitored("inner").await }.monitored("outer"))
        .await;
    assert_eq!(recorder.one("inner")["user"], "joe");
    assert_eq!(recorder.one("outer").get("user"), None);
}

#[test]
fn a_remote_parent_is_computed_from_the_header_alone() {
    let recorder = Recorder::new();
    let header = b"00-0af7651916cd43dd8448eb211c80319c-07ad6b7169203331-01";
    recorder.run(|| {
        let context = Context::from_traceparent(header).unwrap();
        let tracker = EventTracker::in_context("request", context);
        let sent = tracker.context().traceparent().unwrap();
        assert!(
            sent.as_str()
                .starts_with("00-0af7651916cd43dd8448eb211c80319c-")
        );
        assert!(
            sent.as_str().ends_with("-01"),
            "a foreign trace id is not known to be random"
        );
    });
    let request = recorder.one("request");
    assert_eq!(request.parent(), "0af76519-16cd-83dd-07ad-6b7169203331");
    assert_eq!(request["gomon:trace"], "0af7651916cd43dd8448eb211c80319c");
}

#[test]
fn recorders_do_not_see_each_others_events() {
    let (one, two) = (Recorder::new(), Recorder::new());
    one.run(|| two.run(|| EventTracker::new("two").finish()));
    EventTracker::new("nobody").finish();
    assert_eq!((one.events().len(), two.events().len()), (0, 1));
}

use std::time::Duration;

use gomon_core::testing::{Recorded, Recorder};
use gomon_runtime::RuntimeSampler;

/// Longer than any test: only `sample_now` takes samples after the first set.
const NEVER: Duration = Duration::from_secs(3600);

fn sampled(sampler: RuntimeSampler, more: usize) -> Recorder {
    let recorder = Recorder::new();
    let guard = recorder.run(|| sampler.interval(NEVER).start()).unwrap();
    let _there = recorder.wait_for("rt-collect-process", 1);
    for _ in 0..more {
        guard.sample_now();
    }
    drop(guard);
    recorder
}

fn number(event: &Recorded, key: &str) -> u64 {
    event[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} is {}", event[key]))
}

#[test]
fn the_base_is_sent_once_and_first() {
    let recorder = sampled(RuntimeSampler::new(), 2);
    let events = recorder.events();
    assert_eq!(events[0].fp(), "runtime-base");
    let base = recorder.one("runtime-base");
    assert_eq!(base["allocator"], "monitored");
    assert!(base["rust-version"].as_str().unwrap().starts_with("1."));
    assert!(number(&base, "num-cpu") >= number(&base, "max-procs"));
}

#[test]
fn samples_of_memory_are_linked() {
    let recorder = sampled(RuntimeSampler::new(), 1);
    let samples = recorder.find("rt-collect-memstat");
    let [first, second] = &samples[..] else {
        panic!("{}", recorder.tree())
    };
    assert!(first.get("prev-tracker-id").is_none());
    assert_eq!(second["prev-tracker-id"], first.id());
    let grown = number(second, "total-alloc") - number(first, "total-alloc");
    assert_eq!(number(second, "diff-total-alloc"), grown);
    assert_eq!(number(second, "alloc"), number(second, "heap-alloc"));
    assert!(number(second, "heap-peak") >= number(second, "heap-alloc"));
    assert_eq!(
        number(second, "live-obj"),
        number(second, "mallocs") - number(second, "frees")
    );
}

#[test]
fn samples_are_the_applications_children_though_another_event_is_current() {
    let recorder = Recorder::new();
    let guard = recorder.run(|| {
        let mut event = gomon_core::EventTracker::new("setup");
        event.enter(|| RuntimeSampler::new().interval(NEVER).start())
    });
    let _there = recorder.wait_for("rt-collect-process", 1);
    drop(guard);
    let application = gomon_core::execution_id().unwrap().to_string();
    for fp in ["runtime-base", "rt-collect-memstat", "rt-collect-process"] {
        assert_eq!(recorder.one(fp)["parent"], application);
    }
}

#[test]
fn samples_go_on_at_the_interval_until_the_guard_is_dropped() {
    let recorder = Recorder::new();
    let guard = recorder
        .run(|| {
            RuntimeSampler::new()
                .interval(Duration::from_millis(10))
                .start()
        })
        .unwrap();
    let _there = recorder.wait_for("rt-collect-memstat", 3);
    drop(guard); // waits for the thread
    let count = recorder.find("rt-collect-memstat").len();
    assert_eq!(recorder.find("rt-collect-memstat").len(), count);
}

#[cfg(target_os = "linux")]
#[test]
fn a_sample_of_the_process_has_what_linux_tells() {
    let process = sampled(RuntimeSampler::new(), 0).one("rt-collect-process");
    assert!(number(&process, "threads") >= 2);
    assert!(number(&process, "fds") >= 3);
    assert!(process["cpu-user"].is_u64() && process["cpu-sys"].is_u64());
    assert!(process["ctx-switches"]["voluntary"].is_u64());
    assert!(process["io"]["rchar"].as_u64().unwrap() > 0);
}

#[cfg(feature = "tokio")]
#[test]
fn a_sample_of_tasks_shows_those_that_are_alive() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let waiting: Vec<_> = (0..5)
        .map(|_| runtime.spawn(std::future::pending::<()>()))
        .collect();
    let recorder = sampled(RuntimeSampler::new().runtime(runtime.handle().clone()), 1);
    assert_eq!(
        recorder.one("runtime-base")["tokio"]["flavor"],
        "multi_thread"
    );
    let samples = recorder.find("rt-collect-tasks");
    let [first, second] = &samples[..] else {
        panic!("{}", recorder.tree())
    };
    assert_eq!(number(first, "tasks"), 5);
    assert!(
        first.get("busy-ratio").is_none(),
        "a ratio needs two samples"
    );
    let ratio = second["busy-ratio"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&ratio));
    assert_eq!(second["workers"].as_array().unwrap().len(), 2);
    drop(waiting);
}

#[cfg(feature = "tokio")]
#[test]
fn a_runtime_that_is_gone_has_no_tasks() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _task = runtime.spawn(std::future::pending::<()>());
    let handle = runtime.handle().clone();
    drop(runtime);
    let recorder = sampled(RuntimeSampler::new().runtime(handle), 0);
    assert_eq!(recorder.one("rt-collect-tasks")["tasks"], 0);
}

//! What wrappers say of themselves, read from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gomon_core::probe::{self, Probe, RegisterError, RunError};
use gomon_core::testing::with_recorder;
use gomon_core::{EventTracker, FutureExt};

#[test]
fn a_probe_is_read_by_name_and_is_gone_when_it_is_dropped() {
    with_recorder(|_| {
        let probe = probe::register("redis").unwrap();
        probe
            .gauge("connections", || 3_u32)
            .gauge("lag-secs", || Duration::from_millis(1500))
            .row("server", || "127.0.0.1:6379".to_owned())
            .action("ping", |args| Ok(format!("PONG {}", args.join(" "))));
        let reading = probe::read().remove(0);
        assert_eq!((reading.name.as_str(), reading.refused), ("redis", 0));
        assert_eq!(reading.gauge("connections"), Some(&Ok(3.0)));
        assert_eq!(reading.gauge("lag-secs"), Some(&Ok(1.5)));
        assert_eq!(
            reading.row("server"),
            Some(&Ok("127.0.0.1:6379".to_owned()))
        );
        assert_eq!((reading.gauge("server"), reading.row("lag")), (None, None));
        assert_eq!(reading.actions, ["ping"]);
        assert_eq!(
            probe::run("redis", "ping", &["a", "b"]),
            Ok("PONG a b".to_owned())
        );
        drop(probe);
        assert!(probe::names().is_empty() && probe::read().is_empty());
        assert_eq!(probe::run("redis", "ping", &[]), Err(RunError::NoProbe));
    });
}

#[test]
fn a_name_is_taken_until_its_probe_is_dropped() {
    with_recorder(|_| {
        let first = probe::register("pool").unwrap();
        assert_eq!(probe::register("pool").unwrap_err(), RegisterError::Taken);
        let others: Vec<_> = (0..3)
            .map(|_| probe::register_next("pool").unwrap())
            .collect();
        assert_eq!(probe::names(), ["pool", "pool-2", "pool-3", "pool-4"]);
        drop(first);
        assert_eq!(probe::register_next("pool").unwrap().name(), "pool");
        assert_eq!(others[1].name(), "pool-3");
        for name in [String::new(), "x".repeat(65)] {
            assert_eq!(probe::register(name).unwrap_err(), RegisterError::Name);
        }
    });
}

#[test]
fn each_test_has_its_own_probes() {
    let name = || with_recorder(|_| probe::register("same").map(|probe| (probe, probe::names())));
    let (one, two) = (name().unwrap(), name().unwrap());
    assert_eq!(
        (one.1, two.1),
        (vec!["same".to_owned()], vec!["same".to_owned()])
    );
    assert!(!probe::names().contains(&"same".to_owned()));
}

#[test]
fn parts_are_bounded_and_what_is_too_much_is_counted() {
    with_recorder(|_| {
        let probe = probe::register("many").unwrap();
        for number in 0..40_u32 {
            probe.gauge(number.to_string(), move || number);
            probe.row(number.to_string(), || "é".repeat(1000));
            probe.action(number.to_string(), |_| Ok("x".repeat(1 << 20)));
        }
        // One that has the name of another takes its place.
        probe.gauge("0", || 77_u8).gauge("n".repeat(65), || 1_u8);
        let reading = probe::read().remove(0);
        let counts = [
            reading.gauges.len(),
            reading.rows.len(),
            reading.actions.len(),
        ];
        assert_eq!((counts, reading.refused), ([32; 3], 25));
        assert_eq!(reading.gauge("0"), Some(&Ok(77.0)));
        assert_eq!(reading.row("5").unwrap().as_ref().unwrap().len(), 1024);
        assert_eq!(probe::run("many", "5", &[]).unwrap().len(), 16 << 10);
        let long = "x".repeat(1025);
        for args in [vec!["a"; 17], vec![long.as_str()]] {
            assert_eq!(probe::run("many", "5", &args), Err(RunError::Arguments));
        }
    });
}

#[test]
fn a_closure_that_panics_is_an_error_of_its_own_line_alone() {
    with_recorder(|recorder| {
        let probe = probe::register("broken").unwrap();
        probe.gauge("bad", || -> u8 { std::panic::panic_any("no figure") });
        probe.gauge("good", || 1_u8);
        probe.row("bad", || -> String { std::panic::panic_any(5_u8) });
        probe.action("bad", |_| -> Result<String, String> {
            panic!("no {}", "luck")
        });
        probe.action("fails", |_| Err::<String, _>("refused".to_owned()));
        let reading = probe::read().remove(0);
        let said = Err("it panicked: no figure".to_owned());
        assert_eq!(reading.gauge("bad"), Some(&said));
        assert_eq!(reading.gauge("good"), Some(&Ok(1.0)));
        assert_eq!(reading.row("bad"), Some(&Err("it panicked".to_owned())));
        let failed = |text: &str| Err(RunError::Failed(text.to_owned()));
        assert_eq!(
            probe::run("broken", "bad", &[]),
            failed("it panicked: no luck")
        );
        assert_eq!(probe::run("broken", "fails", &[]), failed("refused"));
        assert_eq!(probe::run("broken", "none", &[]), Err(RunError::NoAction));
        assert_eq!(recorder.tree(), "", "what is asked is not monitored");
    });
}

#[test]
fn closures_may_use_the_registry_and_drop_their_own_probe() {
    with_recorder(|_| {
        let kept: Arc<std::sync::Mutex<Option<Probe>>> = Arc::default();
        let probe = probe::register("self").unwrap();
        let inner = Arc::clone(&kept);
        probe.gauge("probes", || probe::names().len());
        probe.action("leave", move |_| {
            let probe = inner.lock().unwrap().take();
            probe.as_ref().map(|probe| probe.row("late", || "too late"));
            Ok::<_, String>(if probe.is_some() { "left" } else { "was gone" })
        });
        *kept.lock().unwrap() = Some(probe);
        assert_eq!(probe::read().len(), 1);
        assert_eq!(probe::run("self", "leave", &[]), Ok("left".to_owned()));
        assert!(probe::names().is_empty());
    });
}

#[tokio::test]
async fn a_level_falls_on_return_cancellation_and_panic_alike() {
    let probe = probe::register("levels-of-a-test").unwrap();
    let level = probe.level("in-flight");
    let (inside, held) = (level.clone(), Arc::new(AtomicBool::new(false)));
    let pending = {
        let held = Arc::clone(&held);
        async move {
            let _raised = inside.raise();
            held.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
    };
    let mut pending = Box::pin(pending.in_context(EventTracker::empty().context()));
    let polled = futures_util::future::poll_immediate(&mut pending).await;
    assert!(polled.is_none() && held.load(Ordering::Relaxed));
    assert_eq!(level.now(), 1);
    drop(pending);
    assert_eq!(level.now(), 0);
    let raised = level.raise();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _raised = raised;
        std::panic::resume_unwind(Box::new("oh"))
    }));
    assert!(panicked.is_err());
    assert_eq!(probe::read()[0].gauge("in-flight"), Some(&Ok(0.0)));
}

#[test]
fn a_file_is_made_when_it_is_asked_for() {
    with_recorder(|_| {
        let probe = probe::register("profiled").unwrap();
        let made = Arc::new(AtomicUsize::new(0));
        probe.file("numbers", {
            let made = Arc::clone(&made);
            move || {
                vec![
                    0xff,
                    u8::try_from(made.fetch_add(1, Ordering::Relaxed)).unwrap(),
                ]
            }
        });
        probe.file("bad", || -> Vec<u8> { panic!("no numbers") });
        assert_eq!(probe::read()[0].files, ["numbers", "bad"]);
        assert_eq!(made.load(Ordering::Relaxed), 0);
        assert_eq!(probe::file("profiled", "numbers").unwrap(), [0xff, 0]);
        assert_eq!(probe::file("profiled", "numbers").unwrap(), [0xff, 1]);

        let failed = |probe, name| probe::file(probe, name).unwrap_err();
        assert_eq!(failed("nobody", "numbers"), RunError::NoProbe);
        assert_eq!(failed("profiled", "letters"), RunError::NoFile);
        let panicked = RunError::Failed("it panicked: no numbers".to_owned());
        assert_eq!(failed("profiled", "bad"), panicked);
    });
}

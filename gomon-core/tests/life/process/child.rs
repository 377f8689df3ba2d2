//! What the child processes do, each in a process of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gomon_core::{
    Baggage, Context, Error, Event, EventTracker, FlushError, add_listener, add_listener_factory,
    aggregates, in_flight, stats,
};

use super::sys::{self, Exit, say};
use crate::support::{DEADLINE, Load, assert_ledger, builder};

/// Runs what the parent asked for; not by itself.
#[test]
fn child() {
    let Ok(scenario) = std::env::var(super::SCENARIO) else {
        return;
    };
    sys::end_after(Duration::from_secs(100));
    match scenario.as_str() {
        "exits" => exits(),
        "aborts" => aborts(),
        "ends in a handler" => ends_in_a_handler(),
        "panics in its hook" => panics_in_its_hook(),
        "overflows its stack" => overflows_its_stack(),
        "is interrupted" => is_interrupted(),
        "forks" => forks(),
        "has no threads" => has_no_threads(),
        "has no files" => has_no_files(),
        signal => sends_itself(signal.parse().unwrap()),
    }
}

/// Says who got which event.
fn print(event: &Event) {
    say(&format!(
        "{} {} {}",
        std::process::id(),
        event.fp(),
        event.id()
    ));
}

fn record(count: usize) {
    (0..count).for_each(|_| EventTracker::new("work").finish());
}

fn start_and_flush() {
    add_listener(print).unwrap();
    gomon_core::start().unwrap();
    record(100);
    gomon_core::flush(DEADLINE).unwrap();
}

fn exits() {
    start_and_flush();
    record(1);
    sys::exit(7);
}

fn aborts() {
    start_and_flush();
    std::process::abort();
}

fn sends_itself(signal: i32) {
    start_and_flush();
    sys::raise(signal);
    say("still here");
}

fn ends_in_a_handler() {
    extern "C" fn handler() {
        EventTracker::new("last").finish();
        say(&format!("flushed {:?}", gomon_core::flush(DEADLINE)));
        say(&format!(
            "dropped {}",
            gomon_core::shutdown(DEADLINE).dropped()
        ));
    }
    sys::at_exit(handler);
    start_and_flush();
    sys::exit(0);
}

fn panics_in_its_hook() {
    std::panic::set_hook(Box::new(|_| panic!("in the hook")));
    start_and_flush();
    panic!("the first");
}

fn overflows_its_stack() {
    fn deeper() -> u64 {
        let mut tracker = EventTracker::new("deep");
        tracker.enter(|| std::hint::black_box(deeper()) + 1)
    }
    start_and_flush();
    say(&deeper().to_string());
}

fn is_interrupted() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    extern "C" fn count(_: i32) {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
    sys::on_signal(libc::SIGUSR1, count);
    let seen = std::sync::Arc::new(AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&seen);
    let gomon = builder()
        .listener(move |_: &Event| {
            counter.fetch_add(1, Ordering::Relaxed);
        })
        .start()
        .unwrap();
    let load = Load::default();
    let thread = sys::this_thread();
    std::thread::scope(|scope| {
        let end = load.ends_on_drop();
        let interrupter = scope.spawn(|| {
            while load.goes_on() {
                sys::interrupt(thread, libc::SIGUSR1);
            }
        });
        while COUNT.load(Ordering::Relaxed) < 100_000 {
            record(50);
            gomon_core::flush(DEADLINE).unwrap();
        }
        drop(end);
        interrupter.join().unwrap();
    });
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!(report.dropped(), 0);
    assert_eq!(report.created, seen.load(Ordering::Relaxed));
    say("adds up");
}

fn forks() {
    let mut gomon = Some(builder().listener(print).start().unwrap());
    let load = Load::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while load.goes_on() {
                    let mut unit = EventTracker::new("unit");
                    unit.register("unit");
                    record(10);
                    carry_baggage(100);
                    std::thread::park_timeout(Duration::from_micros(100));
                }
            });
        }
        let _end = load.ends_on_drop();
        for turn in 0..50 {
            let exit = match turn % 2 {
                0 => Exit::AtOnce,
                _ => Exit::WithHandlers,
            };
            let mut open = Some(EventTracker::new("open"));
            let child = sys::fork(exit, || {
                i32::from(!is_off_in_the_child(&mut open, gomon.take()))
            });
            assert_eq!(
                sys::wait(child),
                Some(0),
                "of a child that ends by {exit:?}"
            );
        }
        let before_exec = || {
            EventTracker::new("before exec").finish();
            let _ = gomon_core::flush(DEADLINE);
        };
        assert!(sys::run_after("true", before_exec).success());
    });
    let report = gomon.take().unwrap().shutdown();
    assert_ledger(&report);
    say(&format!("delivered {}", report.delivered()));
}

/// Events of contexts that carry something: all of them share a table.
fn carry_baggage(count: usize) {
    for _ in 0..count {
        let mut baggage = Baggage::new();
        baggage.insert("tenant", "seven").unwrap();
        let header = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = Context::from_traceparent(header).unwrap();
        let context = context.with_baggage(baggage);
        context.enter(|| EventTracker::new("carried").finish());
        let _ = context.baggage();
    }
}

/// What a child may try. It must not wait for anything.
fn is_off_in_the_child(open: &mut Option<EventTracker>, guard: Option<gomon_core::Gomon>) -> bool {
    for _ in 0..3000 {
        let mut unit = EventTracker::new("unit of a child");
        unit.register("unit");
        unit.send_opening();
        let open = open.as_ref().unwrap();
        open.child("of a child").finish();
    }
    carry_baggage(100);
    let thread = std::thread::Builder::new().spawn(|| record(10));
    thread.unwrap().join().unwrap();
    let flushed = gomon_core::flush(DEADLINE);
    drop(open.take());
    record(10);
    let in_flight = in_flight();
    let aggregates = aggregates();
    drop(guard);
    let report = stats();
    let refused = [
        add_listener(print).is_err(),
        add_listener_factory(|_: &()| Ok(print), ()).is_err(),
        matches!(gomon_core::start(), Err(Error::Forked)),
        flushed == Err(FlushError::NotRunning),
        in_flight.is_empty() && aggregates.series().next().is_none(),
        report.listeners.is_empty() && report.fork_child > 0 && report.created == report.fork_child,
    ];
    if refused.contains(&false) {
        say(&format!("{refused:?} {report:?}"));
    }
    !refused.contains(&false)
}

fn has_no_threads() {
    // Enough for what is small, and for no thread's stack.
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    let before = sys::limit(libc::RLIMIT_AS, pages * 4096 + (1 << 20));
    let refused = builder().listener(print).start();
    EventTracker::new("lost").finish();
    sys::limit(libc::RLIMIT_AS, before);
    assert!(matches!(refused, Err(Error::Thread(_))), "{refused:?}");
    let gomon = builder().listener(print).start().unwrap();
    record(10);
    assert_eq!(gomon.shutdown().dropped(), 0);
    say("adds up");
}

fn has_no_files() {
    sys::limit(libc::RLIMIT_NOFILE, 3);
    let gomon = builder().listener(print).start().unwrap();
    record(10);
    assert_eq!(gomon.shutdown().dropped(), 0);
    say("adds up");
}

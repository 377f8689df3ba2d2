//! A process that measures one arm, and nothing else.
#![expect(
    unsafe_code,
    reason = "callgrind finds the measured function by its name; the process is set up by calls of libc"
)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use crate::allocator;
use crate::arm::Arm;
use crate::clock::{monotonic_ns, process_cpu_ns, thread_cpu_ns};
use crate::cores;
use crate::figures::{Figures, median};
use crate::table::{Cores, Table};

/// Where callgrind starts to count.
pub(crate) const MEASURED_FUNCTION: &str = "bench_measured";

const TIME: &str = "time-one-arm";
const COUNT: &str = "count-one-arm";

/// Far more than any arm takes, under callgrind too.
const LONGEST_RUN_SECONDS: u32 = 120;

const WARMING_BURSTS: u64 = 4;

/// Bursts that callgrind counts. Few, because it is slow, and enough, because instructions do not vary.
const COUNTED_BURSTS: u64 = 2;

pub(crate) fn arguments(table: &Table, arm: &str, milliseconds: u64) -> [String; 6] {
    let cores = match table.cores {
        Cores::Same => "same",
        Cores::Split => "split",
        Cores::Free => "free",
    };
    [
        TIME.to_owned(),
        arm.to_owned(),
        table.input.to_owned(),
        table.threads.to_string(),
        cores.to_owned(),
        milliseconds.to_string(),
    ]
}

pub(crate) fn arguments_for_callgrind(arm: &str, input: &str) -> [String; 3] {
    [COUNT.to_owned(), arm.to_owned(), input.to_owned()]
}

pub(crate) fn is_asked(arguments: &[String]) -> bool {
    arguments
        .first()
        .is_some_and(|first| [TIME, COUNT].contains(&first.as_str()))
}

/// Does what [`arguments`] or [`arguments_for_callgrind`] asked for and prints the figures.
pub(crate) fn run(arguments: &[String], make: impl Fn(&str, &str) -> Option<Arm>) -> ExitCode {
    fail_on_any_panic();
    end_when_stuck();
    keep_freed_pages();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [COUNT, arm, input] => count(&expect(make(arm, input), arm, input)),
        [TIME, arm, input, threads, cores, milliseconds] => {
            let cores = match cores {
                "same" => Cores::Same,
                "split" => Cores::Split,
                _ => Cores::Free,
            };
            let threads: usize = threads.parse().expect("a number of threads");
            let milliseconds: u64 = milliseconds.parse().expect("a number of milliseconds");
            cores::pin_background(cores);
            let arm = expect(make(arm, input), arm, input);
            let figures = if threads == 1 {
                time_alone(&arm, cores, milliseconds)
            } else {
                time_together(arm, threads, milliseconds)
            };
            println!("{figures}");
            leave(0)
        }
        _ => ExitCode::from(2),
    }
}

fn expect(arm: Option<Arm>, name: &str, input: &str) -> Arm {
    arm.unwrap_or_else(|| panic!("there is no arm {name} for {input}"))
}

fn count(arm: &Arm) -> ExitCode {
    // What is made once, and what is made until there is enough of it, is made here.
    for _ in 0..WARMING_BURSTS {
        (arm.burst)();
        (arm.flush)();
    }
    bench_measured(arm)
}

/// Named and kept whole for callgrind, which zeroes its counters on entry ([`MEASURED_FUNCTION`]).
#[inline(never)]
#[unsafe(no_mangle)]
fn bench_measured(arm: &Arm) -> ExitCode {
    for _ in 0..COUNTED_BURSTS {
        (arm.burst)();
        (arm.flush)();
    }
    println!("operations={}", arm.operations * COUNTED_BURSTS);
    println!(
        "all_operations={}",
        arm.operations * (WARMING_BURSTS + COUNTED_BURSTS)
    );
    leave(0)
}

/// One application thread, this one.
fn time_alone(arm: &Arm, cores: Cores, milliseconds: u64) -> Figures {
    cores::pin_application(cores);
    let cycle = || {
        let start = (process_cpu_ns(), thread_cpu_ns());
        (arm.burst)();
        let app = thread_cpu_ns() - start.1;
        cores::pin_background(cores); // threads that `flush` starts belong to the background
        (arm.flush)();
        cores::pin_application(cores);
        (app, process_cpu_ns() - start.0)
    };
    let warm_until = monotonic_ns() + milliseconds * 1_000_000 / 4;
    while monotonic_ns() < warm_until {
        cycle();
    }

    let delivered_before = arm.delivered();
    let until = monotonic_ns() + milliseconds * 1_000_000;
    let mut cycles = Vec::new();
    while monotonic_ns() < until || cycles.len() < 3 {
        cycles.push(cycle());
    }
    let mut figures = Figures::default();
    set_times(&mut figures, &cycles, arm.operations);

    let counted = set_allocations(&mut figures, arm);
    let operations = arm.operations * (cycles.len() as u64 + counted);
    set_delivered(&mut figures, arm, delivered_before, operations);
    figures
}

/// Allocations, in a pass of its own because counting them costs; returns how many bursts that took.
fn set_allocations(figures: &mut Figures, arm: &Arm) -> u64 {
    if !allocator::start() {
        return 0;
    }
    let before = (allocator::of_thread(), allocator::of_all());
    (arm.burst)();
    let app = allocator::of_thread() - before.0;
    (arm.flush)();
    let all = allocator::of_all() - before.1;
    allocator::stop();
    figures.set("app_allocs", app as f64 / arm.operations as f64);
    figures.set("all_allocs", all as f64 / arm.operations as f64);
    1
}

/// Several application threads that start each burst together.
fn time_together(arm: Arm, threads: usize, milliseconds: u64) -> Figures {
    let operations = arm.operations * threads as u64;
    let team = Arc::new(Team {
        arm,
        start_and_end: Barrier::new(threads + 1),
        stop: AtomicBool::new(false),
        app_ns: Mutex::new(0),
    });
    let workers: Vec<_> = (0..threads)
        .map(|number| {
            let team = Arc::clone(&team);
            let builder = thread::Builder::new().name(format!("worker-{number}"));
            builder.spawn(move || team.work()).expect("a thread")
        })
        .collect();
    for _ in 0..3 {
        team.cycle();
    }
    let delivered_before = team.arm.delivered();
    let until = monotonic_ns() + milliseconds * 1_000_000;
    let mut cycles = Vec::new();
    while monotonic_ns() < until || cycles.len() < 5 {
        cycles.push(team.cycle());
    }
    team.stop.store(true, Relaxed);
    team.start_and_end.wait();
    for worker in workers {
        worker.join().expect("the worker ends");
    }
    let mut figures = Figures::default();
    set_times(&mut figures, &cycles, operations);
    let operations = operations * cycles.len() as u64;
    set_delivered(&mut figures, &team.arm, delivered_before, operations);
    figures
}

/// Threads that do the same arm's bursts at the same time.
struct Team {
    arm: Arm,
    start_and_end: Barrier,
    stop: AtomicBool,
    app_ns: Mutex<u64>,
}

impl Team {
    /// One burst on every thread, and the flush: CPU time of the application's threads, and of all.
    fn cycle(&self) -> (u64, u64) {
        let start = process_cpu_ns();
        self.start_and_end.wait();
        self.start_and_end.wait();
        (self.arm.flush)();
        let all = process_cpu_ns() - start;
        (std::mem::take(&mut *self.lock()), all)
    }

    fn work(&self) {
        loop {
            self.start_and_end.wait();
            if self.stop.load(Relaxed) {
                return;
            }
            let start = thread_cpu_ns();
            (self.arm.burst)();
            *self.lock() += thread_cpu_ns() - start;
            self.start_and_end.wait();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, u64> {
        self.app_ns.lock().expect("a panic ends the process")
    }
}

fn set_times(figures: &mut Figures, cycles: &[(u64, u64)], operations: u64) {
    let per_operation = |total: u64| total as f64 / operations as f64;
    let app = median(cycles.iter().map(|(app, _)| per_operation(*app)));
    let all = median(cycles.iter().map(|(_, all)| per_operation(*all)));
    figures.set("app_ns", app.unwrap_or(f64::NAN));
    figures.set("all_ns", all.unwrap_or(f64::NAN));
}

fn set_delivered(figures: &mut Figures, arm: &Arm, before: u64, operations: u64) {
    if let Some(sink) = &arm.sink {
        let expected = sink.expected_per_operation * operations as f64;
        let delivered = (sink.delivered)() - before;
        figures.set("delivered", delivered as f64 / expected);
    }
}

/// A background thread that panics would otherwise leave a run that looks fast.
fn fail_on_any_panic() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        leave(101);
    }));
}

/// A flush that never returns must not hold up all the others. The signal's default ends the process.
fn end_when_stuck() {
    // SAFETY: no memory is involved.
    unsafe { libc::alarm(LONGEST_RUN_SECONDS) };
}

/// Without this, glibc gives the heap back after each burst, and arms that allocate pay for page faults at random
/// (fastrace's request trace: 600 to 1950 ns). It favours the arms that allocate.
fn keep_freed_pages() {
    let settings = [
        (libc::M_TRIM_THRESHOLD, 1 << 30),
        (libc::M_TOP_PAD, 32 << 20),
        (libc::M_MMAP_THRESHOLD, 1 << 28),
    ];
    for (name, value) in settings {
        // SAFETY: the call takes two integers and touches the allocator alone.
        unsafe { libc::mallopt(name, value) };
    }
}

/// Ends without destructors, which peers use for work that is not measured.
fn leave(status: i32) -> ! {
    // SAFETY: nothing of this process has to outlive it; standard output is written line by line.
    unsafe { libc::_exit(status) }
}

//! Not products: hand-written lower bounds of what the work must cost.
//!
//! - `floor`: spans of one trace stay on one thread, and are packed into its buffer of 64 KiB.
//! - `floor_owned`: every span is a pooled record of its own that could cross an await, the shape a tracker needs.
//! - `floor_off`: one flag is asked for each span.

mod line;
mod owned;
mod packed;

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

use bench_kit::{Arm, ticks};

use crate::work::{BURST, Workload, delivered, eight_attributes, four_attributes, ten_attributes};

pub(crate) fn make(arm: &str, workload: Workload) -> Option<Arm> {
    let json = workload == Workload::Json;
    let arm = match arm {
        "floor" => Arm::new(BURST, move || {
            packed_spans(workload);
            packed::hand_over();
        }),
        "floor_owned" => Arm::new(BURST, move || {
            owned_spans(workload);
            owned::hand_over();
        }),
        "floor_off" => return Some(Arm::new(BURST, disabled_spans)),
        _ => return None,
    };
    line::calibrate();
    let arm = arm.flush(move || drain(json));
    Some(arm.delivers(workload.events(), delivered))
}

fn packed_spans(workload: Workload) {
    let start = packed::start;
    workload.burst(
        || {
            let trace = new_trace();
            let root = start("request", trace, 0, &[]);
            let _child = start("child", trace, root.id(), &[]);
        },
        |children| {
            let trace = new_trace();
            let root = start("request", trace, 0, &[]);
            for _ in 0..children {
                let _child = start("child", trace, root.id(), &eight());
            }
        },
        || {
            let trace = new_trace();
            let root = start("request", trace, 0, &ten());
            for _ in 0..3 {
                let _child = start("query", trace, root.id(), &four());
            }
        },
    );
}

fn owned_spans(workload: Workload) {
    let start = owned::start;
    workload.burst(
        || {
            let trace = new_trace();
            let root = start("request", trace, 0);
            let _child = start("child", trace, root.id());
        },
        |children| {
            let trace = new_trace();
            let root = start("request", trace, 0);
            for _ in 0..children {
                let mut child = start("child", trace, root.id());
                let mut set = |key, value| child.set(key, value);
                eight_attributes!(set, Value::Fixed, Value::Text, Value::Number);
            }
        },
        || {
            let trace = new_trace();
            let mut root = start("request", trace, 0);
            let mut set = |key, value| root.set(key, value);
            ten_attributes!(set, Value::Fixed, Value::Text, Value::Number);
            for _ in 0..3 {
                let mut child = start("query", trace, root.id());
                let mut set = |key, value| child.set(key, value);
                four_attributes!(set, Value::Fixed, Value::Text, Value::Number);
            }
        },
    );
}

fn disabled_spans() {
    static ENABLED: AtomicBool = AtomicBool::new(false);
    let enabled = || ENABLED.load(Relaxed);
    for _ in 0..BURST {
        let _root = enabled().then(|| packed::start("request", (0, 0), 0, &ten()));
        for _ in 0..3 {
            let _child = enabled().then(|| packed::start("query", (0, 0), 0, &four()));
        }
    }
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Fixed(&'static str),
    Text(&'a str),
    Number(i64),
}

type Pair<'a> = (&'static str, Value<'a>);

#[inline(always)]
fn eight() -> [Pair<'static>; 8] {
    eight_attributes!(pair, Value::Fixed, Value::Text, Value::Number)
}

#[inline(always)]
fn ten() -> [Pair<'static>; 10] {
    ten_attributes!(pair, Value::Fixed, Value::Text, Value::Number)
}

#[inline(always)]
fn four() -> [Pair<'static>; 4] {
    four_attributes!(pair, Value::Fixed, Value::Text, Value::Number)
}

#[inline(always)]
fn pair<'a>(key: &'static str, value: Value<'a>) -> Pair<'a> {
    (key, value)
}

type Trace = (u64, u64);

#[inline(always)]
fn new_trace() -> Trace {
    (random(), random())
}

#[inline(always)]
fn next_id() -> u64 {
    thread_local! { static LAST: Cell<u64> = const { Cell::new(0) }; }
    let id = LAST.get() + 1;
    LAST.set(id);
    id
}

/// wyrand, a multiplication a number.
#[inline(always)]
fn random() -> u64 {
    thread_local! { static STATE: Cell<u64> = const { Cell::new(0) }; }
    let mut state = STATE.get();
    if state == 0 {
        state = ticks() | 1;
    }
    state = state.wrapping_add(0xa076_1d64_78bd_642f);
    STATE.set(state);
    let product = u128::from(state) * u128::from(state ^ 0xe703_7ed1_a0b4_28db);
    low_half(product >> 64) ^ low_half(product)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower half is asked for"
)]
#[inline(always)]
fn low_half(number: u128) -> u64 {
    number as u64
}

/// Has the background thread deliver what was handed over, and waits for it.
fn drain(json: bool) {
    static BACKGROUND: LazyLock<Mutex<Background>> =
        LazyLock::new(|| Mutex::new(Background::start()));
    let background = lock(&BACKGROUND);
    let asked = background.ask.send(json);
    let done = background.done.recv();
    black_box((asked, done)).0.expect("the background lives");
}

struct Background {
    ask: SyncSender<bool>,
    done: Receiver<()>,
}

impl Background {
    fn start() -> Self {
        let (ask, asked) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        let deliver = move || {
            for json in asked {
                packed::deliver_all(json);
                owned::deliver_all(json);
                if tell.send(()).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("floor".into())
            .spawn(deliver)
            .expect("a thread");
        Self { ask, done }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What recording one value in a histogram costs, and one pass through the child of a segment.
//!
//! gomon's own histogram is not public: its files are a part of this program too.

#[path = "../../../gomon-core/src/aggregate/log_linear.rs"]
#[cfg_attr(not(test), expect(dead_code, reason = "only recording is measured"))]
mod gomon_log_linear;
mod log_linear;
#[path = "../../../gomon-core/src/aggregate/row.rs"]
mod row;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bench_kit::Cost::App;
use bench_kit::{Arm, Cell, Counting, Goal, Table, run, ticks};
use gomon::Segment;
use histogram::AtomicHistogram;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};

use crate::gomon_log_linear::LogLinear;
use crate::log_linear::{Owned, Shared};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RECORD: &[&str] = &[
    "gomon",
    "floor_store",
    "floor_log_linear",
    "floor_single_writer",
    "log_linear_shared",
    "histogram_crate",
    "histogram_crate_atomic",
    "hdr",
    "hdr_mutex",
    "hdr_recorder",
    "otel_no_attributes",
    "otel_3_attributes",
];

const BY_TWO_THREADS: &[&str] = &[
    "log_linear_shared",
    "histogram_crate_atomic",
    "hdr_mutex",
    "otel_3_attributes",
];

const CHILD: &[&str] = &["floor_two_ticks", "gomon", "gomon_off", "hdr_two_ticks"];

const TABLES: &[Table] = &[
    Table::new("record a value", "record", RECORD, "hdr"),
    Table::new(
        "record into one shared histogram",
        "record",
        BY_TWO_THREADS,
        "hdr_mutex",
    )
    .on_threads(2),
    Table::new(
        "time one pass of a loop and record it",
        "segment-child",
        CHILD,
        "floor_two_ticks",
    ),
];

const GOALS: &[Goal] = &[
    Goal::ratio(
        "P8",
        "a segment's child / two TSC reads",
        Cell::new("segment-child", &["gomon"], App),
        Cell::new("segment-child", &["floor_two_ticks"], App),
        1.6,
    ),
    Goal::ratio(
        "P8",
        "record / hdrhistogram's",
        Cell::new("record", &["gomon"], App),
        Cell::new("record", &["hdr"], App),
        0.35,
    ),
];

/// Values of one burst.
const BURST: u64 = 8192;

/// Sub-buckets for each power of two, as a power of two: 3 % relative error.
const PRECISION: u8 = 5;

fn main() -> ExitCode {
    run("hist", TABLES, GOALS, make)
}

fn make(arm: &str, input: &str) -> Option<Arm> {
    match input {
        "record" => recording(arm),
        "segment-child" => passing(arm),
        _ => None,
    }
}

fn recording(arm: &str) -> Option<Arm> {
    Some(match arm {
        "floor_store" => exclusive(vec![0; 8192], |stored: &mut Vec<u64>, at, value| {
            stored[at] = value;
        }),
        "gomon" => exclusive(LogLinear::<64>::default(), |histogram, _, value| {
            histogram.record(value);
        }),
        "floor_log_linear" => exclusive(Owned::new(), |owned, _, value| owned.record(value)),
        "floor_single_writer" => shared(Shared::new(), |shared, value| shared.record_alone(value)),
        "log_linear_shared" => shared(Shared::new(), |shared, value| shared.record(value)),
        "histogram_crate" => {
            let histogram = histogram::Histogram::new(PRECISION, 64).expect("valid parameters");
            exclusive(histogram, |histogram, _, value| {
                histogram.increment(value).expect("every value fits");
            })
        }
        "histogram_crate_atomic" => {
            let histogram = AtomicHistogram::new(PRECISION, 64).expect("valid parameters");
            shared(histogram, |histogram, value| {
                histogram.increment(value).expect("every value fits");
            })
        }
        "hdr" => exclusive(hdr(), |histogram, _, value| {
            histogram.record(value).expect("every value fits");
        }),
        "hdr_mutex" => shared(Mutex::new(hdr()), |histogram, value| {
            lock(histogram).record(value).expect("every value fits");
        }),
        "hdr_recorder" => {
            let histogram = hdrhistogram::sync::SyncHistogram::from(hdr());
            let recorder = histogram.recorder();
            std::mem::forget(histogram); // the recorder writes to it as long as the process lives
            exclusive(recorder, |recorder, _, value| {
                recorder.record(value).expect("every value fits");
            })
        }
        "otel_no_attributes" => shared(otel(), |histogram, value| histogram.record(value, &[])),
        "otel_3_attributes" => shared(otel(), |histogram, value| {
            let attributes = [
                KeyValue::new("http.request.method", "GET"),
                KeyValue::new("http.route", "/users/{id}"),
                KeyValue::new("http.response.status_code", 200),
            ];
            histogram.record(value, &attributes);
        }),
        _ => return None,
    })
}

fn passing(arm: &str) -> Option<Arm> {
    Some(match arm {
        "floor_two_ticks" => Arm::new(BURST, || {
            for _ in 0..BURST {
                let start = ticks();
                black_box(ticks() - start);
            }
        }),
        "hdr_two_ticks" => {
            let histogram = Mutex::new(hdr());
            Arm::new(BURST, move || {
                let mut histogram = lock(&histogram);
                for _ in 0..BURST {
                    let start = ticks();
                    histogram.saturating_record(ticks() - start);
                }
            })
        }
        "gomon" | "gomon_off" => {
            let started = gomon::builder()
                .application_id("bench")
                .listener(|_: &gomon::Event| ())
                .start();
            std::mem::forget(started.expect("gomon starts once a process"));
            if arm == "gomon_off" {
                gomon::disable();
            }
            // One event however many passes: none is due within the run.
            let segment = Mutex::new(Segment::new("bench"));
            Arm::new(BURST, move || {
                let segment = lock(&segment);
                for _ in 0..BURST {
                    drop(black_box(segment.child("pass")));
                }
            })
        }
        _ => return None,
    })
}

/// One writer holds the histogram for the whole burst; `record` gets the index of the value, too.
fn exclusive<H: Send + 'static>(
    histogram: H,
    record: impl Fn(&mut H, usize, u64) + Send + Sync + 'static,
) -> Arm {
    let (histogram, values) = (Mutex::new(histogram), values());
    Arm::new(BURST, move || {
        let mut histogram = lock(&histogram);
        for (at, value) in values.iter().enumerate() {
            record(&mut histogram, at, black_box(*value));
        }
    })
}

/// Any number of writers at once.
fn shared<H: Send + Sync + 'static>(
    histogram: H,
    record: impl Fn(&H, u64) + Send + Sync + 'static,
) -> Arm {
    let values = values();
    Arm::new(BURST, move || {
        for value in &values {
            record(&histogram, black_box(*value));
        }
    })
}

/// Two digits from 1 ns to a minute.
fn hdr() -> hdrhistogram::Histogram<u64> {
    hdrhistogram::Histogram::new_with_bounds(1, 60_000_000_000, 2).expect("valid bounds")
}

fn otel() -> opentelemetry::metrics::Histogram<u64> {
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(InMemoryMetricExporter::default())
        .build();
    let histogram = provider.meter("bench").u64_histogram("latency").build();
    std::mem::forget(provider); // its drop would end the pipeline
    histogram
}

/// Latencies from 1 us to 100 ms, the same for all.
fn values() -> Vec<u64> {
    let mut state = 88_172_645_463_325_252_u64; // xorshift
    (0..BURST)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let power = 1 << (10 + state % 17);
            power + (state >> 20) % power
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

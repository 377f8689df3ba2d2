//! Profiling of a piece of code: one event however many times its parts ran (docs/events.md,
//! section 4).

pub(crate) mod ambient;
mod child;
pub(crate) mod global;
mod node;
mod scope;
mod shared;
pub(crate) mod spent;
mod timed;

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::clock::{self, Stamp};
use crate::keys;
use crate::switch;
use crate::tracker::EventTracker;
use ambient::Ambient;
use scope::Inside;
use shared::Shared;
use spent::Measures;

pub use child::SegmentChild;
pub use global::GlobalSegment;
pub use scope::SegmentScope;
pub use timed::{Timed, timed, timed_future};

/// A piece of code under the profiler: one event when it is finished or dropped, with count,
/// total, extremes and percentiles of each of its children.
///
/// It is a child of the current context. Its children may run on several threads and across
/// awaits; each costs two clock reads and an uncontended lock.
///
/// ```
/// use gomon_core::Segment;
///
/// let pricing = Segment::new("pricing");
/// for _ in 0..1000 {
///     let tax = pricing.child("tax");
///     let _rounding = tax.child("rounding"); // a child's child
/// } // both end here, once each turn
/// pricing.finish();
/// ```
///
/// # When does its event start and end?
///
/// - It starts with [`new`](Self::new), as a child of what is current there.
/// - It ends when the segment is dropped or [finished](Self::finish): `failed` if an error was noted,
///   `panicked` if a panic drops it, else `completed`.
/// - A child of it sends nothing. One that ends after its segment cannot be: it borrows it.
/// - A [global](Self::global) one starts at the first call of its name, or when gomon starts, and ends when
///   gomon shuts down.
#[derive(Debug)]
#[must_use = "a segment ends when it is dropped"]
pub struct Segment {
    tracker: EventTracker,
    /// `None` where nothing is recorded.
    shared: Option<Arc<Shared>>,
    start: Stamp,
    name: Cow<'static, str>,
    location: &'static Location<'static>,
}

impl Segment {
    /// Starts a segment; its location is the caller's.
    #[track_caller]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self::at(name.into(), Location::caller())
    }

    /// The segment of this name for the whole process: one that is open from its first use, or from when
    /// gomon starts, until gomon shuts down. Its location is that of the first call.
    ///
    /// It sends an opening event, `segment-tick` events with what was counted so far (see
    /// [`Builder::tick_interval`](crate::Builder::tick_interval)), and a closing event. Use it for code that
    /// runs for no request, or for all of them.
    ///
    /// ```
    /// use std::sync::LazyLock;
    /// use gomon_core::{GlobalSegment, Segment};
    ///
    /// static CODEC: LazyLock<GlobalSegment> = LazyLock::new(|| Segment::global("codec"));
    ///
    /// fn encode() {
    ///     let _run = CODEC.child("encode");
    /// }
    /// ```
    #[must_use = "keep it: to look it up costs a lock"]
    #[track_caller]
    pub fn global(name: &'static str) -> GlobalSegment {
        global::named(name, Location::caller())
    }

    fn at(name: Cow<'static, str>, location: &'static Location<'static>) -> Self {
        let tracker = EventTracker::new(keys::SEGMENT);
        let shared = tracker.is_recording().then(|| {
            let mut shared = Shared::new(tracker.context());
            if switch::is_any_on() && tracker.effects().profile {
                shared.measures = Measures::ALL;
            }
            Arc::new(shared)
        });
        Self {
            shared,
            start: tracker.clock().now(),
            tracker,
            name,
            location,
        }
    }

    /// Measures the CPU time of the threads that its children run on too, as `cpu`: of a child from its
    /// creation to its drop if both are on one thread, of what [`segment!`](crate::segment!) times over all
    /// its polls. It costs 0.8 µs a run.
    pub fn with_cpu(mut self) -> Self {
        if let Some(shared) = self.not_shared() {
            shared.measures.cpu = true;
        }
        self
    }

    /// Counts what its children allocate, as `allocs` {`count`, `bytes`}, on the same terms, where the program's allocator counts: see
    /// [`meter`](crate::meter). It costs some nanoseconds a run.
    pub fn with_allocs(mut self) -> Self {
        if let Some(shared) = self.not_shared() {
            shared.measures.allocations = true;
        }
        self
    }

    /// What is counted, while nobody else has it.
    fn not_shared(&mut self) -> Option<&mut Shared> {
        self.shared.as_mut().and_then(Arc::get_mut)
    }

    /// Starts one run of a part. Runs of the same name from the same line count as one child; at
    /// most 256 different ones are kept apart.
    #[inline]
    #[track_caller]
    pub fn child(&self, name: &'static str) -> SegmentChild<'_> {
        match &self.shared {
            Some(shared) => SegmentChild::start(shared, name, Location::caller()),
            None => SegmentChild::not(self.tracker.context()),
        }
    }

    /// Notes an error with the caller's location; the segment has failed.
    #[track_caller]
    pub fn add_error(&self, error: &(dyn Error + 'static)) {
        if let Some(shared) = &self.shared {
            shared.add_error(error, Location::caller());
        }
    }

    /// Runs `f` inside the segment: events it makes are children of the segment's, and what
    /// [`segment!`](crate::segment!) times in it is a part of it.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.inside().enter(f)
    }

    /// The same for each poll of a future.
    pub fn scope<F: Future>(&self, future: F) -> SegmentScope<F> {
        self.inside().scope(future)
    }

    /// Ends the segment; the same as dropping it.
    pub fn finish(self) {}

    fn inside(&self) -> Inside {
        match &self.shared {
            Some(shared) => Inside::Recorded(Some(Ambient::of(shared, None))),
            None => Inside::Not(self.tracker.context()),
        }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let Some(shared) = &self.shared else {
            return;
        };
        if shared.is_listed() {
            ambient::unlist(shared.context());
        }
        let lapsed = clock::nanos_between(self.start, self.tracker.clock().now());
        self.tracker
            .set(keys::NAME, std::mem::take(&mut self.name))
            .set(keys::LOCATION, place(self.location))
            .set(keys::TOTAL_LAPSED, lapsed)
            .set(keys::COUNT, 1u64);
        if let Some(record) = self.tracker.record_mut() {
            shared.total().set_on(record);
        }
    }
}

/// `file:line`.
fn place(location: &Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
}

/// Times an expression as a part of the current segment, or as a [`Segment`] of its own where there is none.
///
/// The current segment is the one whose event is the current context: inside of its `enter` or `scope`, or
/// inside of another `segment!`; also in tasks and threads that took the context along. The expression is
/// evaluated in a closure, so `return` and `?` leave that alone. Written `async { … }` or `async move { … }` it is a future,
/// timed from its first poll to its end, to be awaited.
///
/// ```
/// use gomon_core::segment;
///
/// fn parse(text: &str) -> Result<i64, std::num::ParseIntError> {
///     segment!("parse", text.trim().parse())
/// }
///
/// async fn load() -> i64 {
///     segment!("load", async {
///         segment!("decode", parse("42").unwrap_or(0))
///     })
///     .await
/// }
/// # assert_eq!(parse(" 1"), Ok(1));
/// ```
#[macro_export]
macro_rules! segment {
    ($name:expr, async move $body:block) => {
        $crate::__private::timed_future($name, async move $body)
    };
    ($name:expr, async $body:block) => {
        $crate::__private::timed_future($name, async $body)
    };
    ($name:expr, $body:expr $(,)?) => {
        $crate::__private::timed($name, || $body)
    };
}

#[cfg(all(test, feature = "test-util"))]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    #[test]
    fn a_thousand_runs_are_one_event_with_the_lines_of_the_code() {
        let recorder = Recorder::new();
        let line = line!() + 2;
        recorder.run(|| {
            let segment = Segment::new("xyz");
            for _ in 0..1000 {
                let child = segment.child("123");
                let _inner = child.child("inner");
            }
        });
        let event = recorder.one("segment");
        assert_eq!(event["name"], "xyz");
        assert_eq!(event["location"], format!("{}:{line}", file!()));
        let child = &event["childs"][0];
        assert_eq!(
            (&child["name"], &child["count"]),
            (&"123".into(), &1000.into())
        );
        assert_eq!(child["location"], format!("{}:{}", file!(), line + 2));
        assert_eq!(child["childs"][0]["count"], 1000);
        assert!(child["min"].as_u64() <= child["p50"].as_u64());
        assert!(child["p99"].as_u64() <= child["max"].as_u64());
        assert!(child["total_lapsed"].as_u64() <= event["total_lapsed"].as_u64());
    }

    #[test]
    fn errors_carry_their_line_and_fail_the_segment() {
        let recorder = Recorder::new();
        let line = line!() + 1;
        recorder.run(|| Segment::new("xyz").add_error(&std::io::Error::other("no")));
        let event = recorder.one("segment");
        assert_eq!(event.outcome(), "failed");
        assert_eq!(event["errors"][0]["msg"], "no");
        assert_eq!(
            event["errors"][0]["location"],
            format!("{}:{line}", file!())
        );
    }

    #[test]
    fn events_inside_are_children_of_the_segment() {
        let recorder = Recorder::new();
        recorder.run(|| {
            let segment = Segment::new("xyz");
            segment.enter(|| {
                let _step = segment.child("step");
                EventTracker::new("inside").finish();
            });
        });
        assert_eq!(recorder.one("segment")["childs"][0]["count"], 1);
        assert!(recorder.one("inside").is_child_of(&recorder.one("segment")));
    }
}

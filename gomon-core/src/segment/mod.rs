//! Profiling of a piece of code: one event however many times its parts ran (docs/events.md,
//! section 4).

mod node;

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::panic::Location;

use parking_lot::Mutex;

use crate::clock::{self, Stamp};
use crate::context::future::{FutureExt, InContext};
use crate::event::error_info::ErrorInfo;
use crate::event::limits::{self, Limit};
use crate::event::outcome::Outcome;
use crate::event::value::{Tree, Value};
use crate::keys;
use crate::tracker::EventTracker;
use node::{NodeId, Nodes};

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
#[derive(Debug)]
#[must_use = "a segment ends when it is dropped"]
pub struct Segment {
    tracker: EventTracker,
    start: Stamp,
    name: Cow<'static, str>,
    location: &'static Location<'static>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    nodes: Nodes,
    errors: Vec<Tree>,
    errors_cut: u64,
}

/// One run of a part of a [`Segment`], from its creation to its drop.
#[derive(Debug)]
#[must_use = "a child runs until it is dropped"]
pub struct SegmentChild<'a> {
    segment: &'a Segment,
    /// `None` where there were too many different children already.
    node: Option<NodeId>,
    start: Stamp,
}

impl Segment {
    /// Starts a segment; its location is the caller's.
    #[track_caller]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            tracker: EventTracker::new(keys::SEGMENT),
            start: clock::now(),
            name: name.into(),
            location: Location::caller(),
            inside: Mutex::default(),
        }
    }

    /// Starts one run of a part. Runs of the same name from the same line count as one child; at
    /// most 256 different ones are kept apart.
    #[track_caller]
    pub fn child(&self, name: &'static str) -> SegmentChild<'_> {
        self.run(None, name, Location::caller())
    }

    fn run(
        &self,
        parent: Option<NodeId>,
        name: &'static str,
        at: &'static Location<'static>,
    ) -> SegmentChild<'_> {
        let node = match self.tracker.is_recording() {
            true => self.inside.lock().nodes.child(parent, name, at),
            false => None,
        };
        SegmentChild {
            segment: self,
            node,
            start: clock::now(),
        }
    }

    /// Notes an error with the caller's location; the segment has failed.
    #[track_caller]
    pub fn add_error(&self, error: &(dyn Error + 'static)) {
        let at = Location::caller();
        let msg = ErrorInfo::new(error).msg;
        let location = format!("{}:{}", at.file(), at.line());
        let error = Tree::map().with(keys::LOCATION, location).with("msg", msg);
        let most = limits::current().of(Limit::Errors);
        let mut inside = self.inside.lock();
        if inside.errors.len() < most {
            inside.errors.push(error);
        } else {
            inside.errors_cut += 1;
        }
    }

    /// Runs `f` inside the segment: events it makes are children of the segment's.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.tracker.context().enter(f)
    }

    /// The same for each poll of a future.
    pub fn scope<F: Future>(&self, future: F) -> InContext<F> {
        future.in_context(self.tracker.context())
    }

    /// Ends the segment; the same as dropping it.
    pub fn finish(self) {}
}

impl Drop for Segment {
    fn drop(&mut self) {
        if !self.tracker.is_recording() {
            return;
        }
        let lapsed = clock::nanos_between(self.start, clock::now());
        let inside = std::mem::take(self.inside.get_mut());
        self.tracker
            .set(keys::NAME, std::mem::take(&mut self.name))
            .set(
                keys::LOCATION,
                format!("{}:{}", self.location.file(), self.location.line()),
            )
            .set(keys::TOTAL_LAPSED, lapsed)
            .set(keys::COUNT, 1u64)
            .set(keys::CHILDS, Value::Tree(inside.nodes.tree()))
            .note_cut(keys::CHILDS, inside.nodes.cut());
        if !inside.errors.is_empty() {
            self.tracker
                .set("errors", Tree::List(inside.errors))
                .note_cut("errors", inside.errors_cut)
                .mark(Outcome::Failed);
        }
    }
}

impl<'a> SegmentChild<'a> {
    /// Starts one run of a part of this part.
    #[track_caller]
    pub fn child(&self, name: &'static str) -> SegmentChild<'a> {
        match self.node {
            Some(node) => self.segment.run(Some(node), name, Location::caller()),
            None => SegmentChild {
                segment: self.segment,
                node: None,
                start: self.start,
            },
        }
    }

    /// Ends this run; the same as dropping it.
    pub fn finish(self) {}
}

impl Drop for SegmentChild<'_> {
    fn drop(&mut self) {
        if let Some(node) = self.node {
            let lapsed = clock::nanos_between(self.start, clock::now());
            self.segment.inside.lock().nodes.record(node, lapsed);
        }
    }
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

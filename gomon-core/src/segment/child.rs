use std::error::Error;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock::{self, Stamp};
use crate::context::Context;
use crate::segment::ambient::{Ambient, Part};
use crate::segment::node::{Cost, Found, Key, NodeId};
use crate::segment::scope::{Inside, SegmentScope};
use crate::segment::shared::Shared;
use crate::segment::spent::Mark;

/// One run of a part of a [`Segment`](crate::Segment), from its creation to its drop.
///
/// It costs two clock reads and one uncontended lock, and more on its first run: then its place is made.
#[derive(Debug)]
#[must_use = "a child runs until it is dropped"]
pub struct SegmentChild<'a>(State<'a>);

#[derive(Debug)]
enum State<'a> {
    Runs(Run<'a>),
    /// Nothing is counted.
    Not(Context),
}

#[derive(Debug)]
struct Run<'a> {
    shared: &'a Arc<Shared>,
    shard: usize,
    key: Key,
    /// Where it counts, once that is known: [`packed`], for it may be shared between threads.
    found: AtomicU32,
    start: Stamp,
    mark: Option<Mark>,
}

impl<'a> SegmentChild<'a> {
    pub(super) const fn not(context: Context) -> Self {
        Self(State::Not(context))
    }

    #[inline]
    pub(super) fn start(
        shared: &'a Arc<Shared>,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Self {
        let key = Key {
            parent: None,
            name,
            location,
        };
        Self::start_in(shared, shared.own_shard(), key)
    }

    #[inline]
    fn start_in(shared: &'a Arc<Shared>, shard: usize, key: Key) -> Self {
        Self(State::Runs(Run {
            shared,
            shard,
            key,
            found: AtomicU32::new(UNKNOWN),
            mark: shared.measures.mark(),
            start: shared.clock.now(),
        }))
    }

    /// Starts one run of a part of this part.
    ///
    /// A part with the name and the line of one that it is in is that one: recursion does not make it
    /// deeper. Its runs count, and their time is a part of the outermost one's.
    #[track_caller]
    pub fn child(&self, name: &'static str) -> SegmentChild<'a> {
        let run = match &self.0 {
            State::Runs(run) => run,
            State::Not(context) => return SegmentChild::not(*context),
        };
        let Some(found) = run.found() else {
            return SegmentChild::not(run.shared.context());
        };
        let key = Key {
            parent: Some(found.node),
            name,
            location: Location::caller(),
        };
        Self::start_in(run.shared, run.shard, key)
    }

    /// Notes an error with the caller's location; the segment has failed.
    #[track_caller]
    pub fn add_error(&self, error: &(dyn Error + 'static)) {
        if let State::Runs(run) = &self.0 {
            run.shared.add_error(error, Location::caller());
        }
    }

    /// Runs `f` inside this part: events it makes are children of the segment's and say in `segment` which
    /// part they were made in, and what [`segment!`](crate::segment!) times in it is a part of this one.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.inside().enter(f)
    }

    /// The same for each poll of a future.
    pub fn scope<F: Future>(&self, future: F) -> SegmentScope<F> {
        self.inside().scope(future)
    }

    /// Ends this run; the same as dropping it.
    pub fn finish(self) {}

    fn inside(&self) -> Inside {
        let run = match &self.0 {
            State::Runs(run) => run,
            State::Not(context) => return Inside::Not(*context),
        };
        let shard = run.shard;
        let part = run.found().map(|found| Part {
            shard,
            node: found.node,
        });
        Inside::Recorded(Some(Ambient::of(run.shared, part)))
    }
}

impl Run<'_> {
    fn found(&self) -> Option<Found> {
        match self.found.load(Ordering::Relaxed) {
            UNKNOWN => {
                let shard = self.shared.shard(self.shard);
                let found = shard.lock().nodes.find(&self.key);
                self.found.store(packed(found), Ordering::Relaxed);
                found
            }
            known => unpacked(known),
        }
    }
}

impl Drop for SegmentChild<'_> {
    #[inline]
    fn drop(&mut self) {
        let State::Runs(run) = &self.0 else {
            return;
        };
        let cost = Cost {
            nanos: clock::nanos_between(run.start, run.shared.clock.now()),
            spent: run.mark.as_ref().map(Mark::spent).unwrap_or_default(),
        };
        let mut inside = run.shared.shard(run.shard).lock();
        let found = match run.found.load(Ordering::Relaxed) {
            UNKNOWN => inside.nodes.find(&run.key),
            known => unpacked(known),
        };
        if let Some(found) = found {
            inside.nodes.record(found, cost);
        }
    }
}

/// A place in one word.
fn packed(found: Option<Found>) -> u32 {
    match found {
        None => NOWHERE,
        Some(Found { node, recursive }) => u32::from(node.0) << 1 | u32::from(recursive),
    }
}

fn unpacked(packed: u32) -> Option<Found> {
    let node = NodeId(u16::try_from(packed >> 1).ok()?);
    let recursive = packed & 1 != 0;
    Some(Found { node, recursive })
}

/// It was not looked for yet.
const UNKNOWN: u32 = u32::MAX;
/// There is none.
const NOWHERE: u32 = u32::MAX - 1;

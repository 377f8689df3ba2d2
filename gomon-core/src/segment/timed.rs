//! What `segment!` and the attribute of that name make of code.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::clock::{self, Stamp};
use crate::segment::Segment;
use crate::segment::ambient::{Ambient, Part};
use crate::segment::node::{Cost, Found, Key};
use crate::segment::spent::{Measures, Spent};

/// Runs `f` as a part of the current segment, or as a segment of its own where there is none.
#[doc(hidden)]
#[track_caller]
pub fn timed<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    TimedRun::start(name, Location::caller()).enter(f)
}

/// The same for a future, from its first poll to its end.
#[doc(hidden)]
#[track_caller]
pub fn timed_future<F: Future>(name: &'static str, future: F) -> Timed<F> {
    Timed {
        name,
        location: Location::caller(),
        run: None,
        future: Some(future),
    }
}

pin_project! {
    /// A future that is timed as a part of a segment; returned by [`segment!`](crate::segment!).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timed<F> {
        name: &'static str,
        location: &'static Location<'static>,
        // From the first poll on.
        run: Option<TimedRun>,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Timed<F> {
        fn drop(this: Pin<&mut Self>) {
            // What it drops belongs to the part, which ends after it.
            let mut this = this.project();
            match this.run {
                Some(run) => run.enter(|| this.future.set(None)),
                None => this.future.set(None),
            }
        }
    }
}

impl<F: Future> Future for Timed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let (name, location) = (*this.name, *this.location);
        let run = this
            .run
            .get_or_insert_with(|| TimedRun::start(name, location));
        let future = this.future.as_pin_mut();
        let polled = run.enter(|| future.map_or(Poll::Pending, |future| future.poll(cx)));
        if polled.is_ready() {
            *this.run = None;
        }
        polled
    }
}

/// One run.
#[derive(Debug)]
enum TimedRun {
    Part(PartRun),
    /// There was no segment to be a part of.
    Own(Segment),
}

/// One run of a part of the segment that was current.
#[derive(Debug)]
struct PartRun {
    /// What is current inside; `None` while it is.
    ambient: Option<Ambient>,
    found: Option<Found>,
    start: Stamp,
    /// What its polls or calls took, if it is measured.
    spent: Spent,
}

impl TimedRun {
    fn start(name: &'static str, location: &'static Location<'static>) -> Self {
        match Ambient::current() {
            Some(ambient) => Self::Part(PartRun::start(ambient, name, location)),
            None => Self::Own(Segment::at(name.into(), location)),
        }
    }

    fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        match self {
            Self::Part(part) => part.enter(f),
            Self::Own(segment) => segment.enter(f),
        }
    }
}

impl PartRun {
    fn start(
        mut ambient: Ambient,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Self {
        let shared = &ambient.shared;
        let shard = ambient
            .part
            .map_or_else(|| shared.own_shard(), |part| part.shard);
        let key = Key {
            parent: ambient.part.map(|part| part.node),
            name,
            location,
        };
        let found = shared.shard(shard).lock().nodes.find(&key);
        if let Some(Found { node, .. }) = found {
            ambient.part = Some(Part { shard, node });
        }
        Self {
            start: ambient.shared.clock.now(),
            ambient: Some(ambient),
            found,
            spent: Spent::default(),
        }
    }

    fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let ambient = self.ambient.as_ref();
        let measures = ambient.map_or_else(Measures::default, |ambient| ambient.shared.measures);
        let mark = measures.mark();
        let result = Ambient::enter_lent(&mut self.ambient, f);
        if let Some(mark) = mark {
            self.spent = self.spent.plus(mark.spent());
        }
        result
    }
}

impl Drop for PartRun {
    fn drop(&mut self) {
        if let (Some(ambient), Some(found)) = (&self.ambient, self.found)
            && let Some(part) = ambient.part
        {
            let cost = Cost {
                nanos: clock::nanos_between(self.start, ambient.shared.clock.now()),
                spent: self.spent,
            };
            let shard = ambient.shared.shard(part.shard);
            shard.lock().nodes.record(found, cost);
        }
    }
}

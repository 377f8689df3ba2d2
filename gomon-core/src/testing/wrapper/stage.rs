use std::sync::Arc;

use crate::capture::Capture;
use crate::context::Context;
use crate::testing::wrapper::Wrapper;
use crate::testing::wrapper::describe::Step;
use crate::testing::wrapper::drive::{self, Ending};
use crate::testing::{Recorded, Recorder};
use crate::tracker::EventTracker;

/// What one call is made on: a recorder, an event round the call, and what is wrapped.
pub(super) struct Stage<W> {
    pub(super) recorder: Recorder,
    pub(super) wrapped: Arc<W>,
    pub(super) outer: EventTracker,
    fp: &'static str,
}

impl<W: Send + Sync + 'static> Stage<W> {
    pub(super) async fn new(wrapper: &Wrapper<W>) -> Self {
        Self::by(wrapper, Recorder::new()).await
    }

    /// With that to be captured.
    pub(super) async fn capturing(wrapper: &Wrapper<W>, capture: Capture) -> Self {
        let recorder = Recorder::new();
        recorder.set_capture(capture);
        Self::by(wrapper, recorder).await
    }

    pub(super) async fn by(wrapper: &Wrapper<W>, recorder: Recorder) -> Self {
        let wrapped = recorder.scope(async { (wrapper.make)().await }).await;
        let outer = recorder.run(|| EventTracker::new(OUTER));
        Self {
            recorder,
            wrapped: Arc::new(wrapped),
            outer,
            fp: wrapper.fp,
        }
    }

    /// The context in which the call is made.
    pub(super) fn context(&self) -> Context {
        self.outer.context()
    }

    pub(super) async fn play(&self, step: &Step<W>) -> Ending {
        drive::to_its_end(step(Arc::clone(&self.wrapped)), self.context()).await
    }

    /// The closing events of the calls so far.
    pub(super) fn events(&self) -> Vec<Recorded> {
        self.recorder.find(self.fp)
    }

    /// The last of them.
    pub(super) fn event(&self) -> Option<Recorded> {
        self.events().pop()
    }

    pub(super) fn is_child_of_outer(&self, event: &Recorded) -> bool {
        self.outer
            .id()
            .is_some_and(|id| event.parent() == id.to_string())
    }
}

/// The event round each call.
const OUTER: &str = "outer";

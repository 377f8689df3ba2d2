use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::bus::options::Limits;
use crate::bus::port::Port;
use crate::bus::supply::Opened;
use crate::bus::{self, BUS};
use crate::capture::Capture;
use crate::clock::manual::ManualClock;
use crate::context::Context;
use crate::context::future::FutureExt;
use crate::deadline::Deadline;
use crate::event::Event;
use crate::keys;
use crate::life::{self, ListenerId};
use crate::testing::spent::{self, Spent};
use crate::testing::{Clock, Recorded, captures, forest, losses};

/// Gets the events that are made inside [`run`](Self::run) and [`scope`](Self::scope), and in
/// everything that carries their context on: `gomon::spawn`, `in_current`, the wrappers. No other
/// recorder and no other listener gets them.
///
/// ```
/// use gomon_core::EventTracker;
/// use gomon_core::testing::Recorder;
///
/// let recorder = Recorder::new();
/// recorder.run(|| EventTracker::new("import").enter(|| EventTracker::new("parse").finish()));
/// assert!(recorder.one("parse").is_child_of(&recorder.one("import")));
/// assert_eq!(recorder.tree(), "import\n  parse\n");
/// ```
#[derive(Debug)]
pub struct Recorder {
    scope: u32,
    id: ListenerId,
    port: Arc<Port>,
    kept: Arc<Mutex<Kept>>,
    /// How many its queue had dropped when it was cleared.
    forgiven: AtomicU64,
}

/// What a recorder got.
#[derive(Debug, Default)]
struct Kept {
    records: Vec<Recorded>,
    /// The ids of the application events.
    applications: Vec<String>,
}

impl Recorder {
    /// A recorder without events. Starts gomon if nobody has yet.
    ///
    /// # Panics
    ///
    /// If the machine has no thread left.
    #[must_use]
    pub fn new() -> Self {
        // One inside of another's test is no part of that.
        spent::aside(|| Self::start(LIMITS))
    }

    fn start(limits: Limits) -> Self {
        static SCOPES: AtomicU32 = AtomicU32::new(1);
        life::ensure_started();
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let sink = Arc::clone(&kept);
        let listener = move |event: &Event| match event.fp() {
            keys::APPLICATION => sink.lock().applications.push(event.id().to_string()),
            _ => sink.lock().records.push(Recorded::new(event)),
        };
        let scope = SCOPES.fetch_add(1, Ordering::Relaxed);
        let id = ListenerId::next();
        let started = Port::start(
            id,
            "recorder".to_owned(),
            scope,
            limits,
            Opened::given(listener),
        );
        #[expect(
            clippy::expect_used,
            reason = "a test cannot go on without its recorder"
        )]
        let port = started.expect("a thread for the recorder");
        BUS.root.add(Arc::clone(&port));
        let _opened = Spent::of_scope(scope);
        Self {
            scope,
            id,
            port,
            kept,
            forgiven: AtomicU64::new(0),
        }
    }

    /// Runs `f` as a part of the test, on this thread. Round the `block_on` of a current-thread
    /// runtime, plain `tokio::spawn` inside belongs to it too.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        self.context().enter(f)
    }

    /// Polls a future as a part of the test.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        future.in_context(self.context()).await
    }

    /// The application, as events of this test see it.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::of_scope(self.scope)
    }

    /// All closing events so far, in the order in which they ended, without the application event.
    ///
    /// # Panics
    ///
    /// If they do not arrive within 10 seconds, or some were lost because the test made them by
    /// thousands without a look at the recorder.
    #[must_use]
    pub fn events(&self) -> Vec<Recorded> {
        self.records()
            .into_iter()
            .filter(|event| !event.is_open())
            .collect()
    }

    /// The same with the opening events.
    ///
    /// # Panics
    ///
    /// As [`events`](Self::events).
    #[must_use]
    pub fn records(&self) -> Vec<Recorded> {
        spent::aside(|| self.all_records())
    }

    fn all_records(&self) -> Vec<Recorded> {
        self.wait_until_all_is_here();
        let dropped = self.dropped() - self.forgiven.load(Ordering::Relaxed);
        let lost = losses::of(self.scope) + dropped;
        assert_eq!(
            lost, 0,
            "{lost} events were lost: the test made them faster than they are taken; looking at the \
             recorder after each few thousand waits for them"
        );
        self.kept.lock().records.clone()
    }

    /// The closing events of one fingerprint.
    #[must_use]
    pub fn find(&self, fp: &str) -> Vec<Recorded> {
        self.events()
            .into_iter()
            .filter(|event| event.fp() == fp)
            .collect()
    }

    /// The one closing event of a fingerprint.
    ///
    /// # Panics
    ///
    /// If there is none, or more than one.
    #[must_use]
    pub fn one(&self, fp: &str) -> Recorded {
        let mut found = self.find(fp);
        assert_eq!(found.len(), 1, "events of {fp} among\n{}", self.tree());
        found.remove(0)
    }

    /// Waits until there are `count` closing events of a fingerprint.
    ///
    /// # Panics
    ///
    /// If they are not there within 10 seconds.
    #[must_use]
    pub fn wait_for(&self, fp: &str, count: usize) -> Vec<Recorded> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let found = self.find(fp);
            if found.len() >= count {
                return found;
            }
            assert!(
                !deadline.left().is_zero(),
                "{} of {count} {fp} among\n{}",
                found.len(),
                self.tree()
            );
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// The closing events by parent, a line each: the fingerprint, and the outcome unless it is
    /// `completed`. Siblings come in the order in which they started.
    #[must_use]
    pub fn tree(&self) -> String {
        let mut out = String::new();
        spent::aside(|| forest::write(&mut out, &forest::grow(self.events()), 0));
        out
    }

    /// The ids of the application events.
    pub(super) fn applications(&self) -> Vec<String> {
        self.kept.lock().applications.clone()
    }

    pub(super) fn scope_number(&self) -> u32 {
        self.scope
    }

    /// Takes the times of this test's events from a clock that stands still until it is advanced.
    /// To be taken before the first event: one that began by the real clock ends with a length of
    /// zero. Called again, it gives the same clock.
    #[must_use]
    pub fn manual_clock(&self) -> Clock {
        Clock::of_scope(self.scope)
    }

    /// What wrappers may take inside of this test, from the next event on, whatever the process says.
    pub fn set_capture(&self, capture: Capture) {
        captures::set(self.scope, capture);
    }

    /// How far the clock that the test holds was advanced since the beginning, and how often.
    pub(super) fn clock_in_hand(&self) -> Option<(Duration, u64)> {
        ManualClock::held(self.scope).map(|clock| clock.counted())
    }

    /// Forgets what was recorded and [spent](Self::budget) so far.
    ///
    /// # Panics
    ///
    /// If it does not arrive within 10 seconds.
    pub fn clear(&self) {
        self.wait_until_all_is_here();
        losses::forget(self.scope);
        self.forgiven.store(self.dropped(), Ordering::Relaxed);
        self.kept.lock().records.clear();
        spent::aside(|| Spent::of_scope(self.scope).reset());
        if let Some(clock) = ManualClock::held(self.scope) {
            clock.start_counting();
        }
    }

    /// By its own queue.
    fn dropped(&self) -> u64 {
        let dropped = self.port.report().dropped;
        dropped.iter().map(|(_, count)| count).sum()
    }

    fn wait_until_all_is_here(&self) {
        let flushed = bus::flush_ports(std::slice::from_ref(&self.port), PATIENCE);
        assert_eq!(flushed, Ok(()), "the recorder did not get its events");
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        spent::aside(|| BUS.root.remove(self.id));
        ManualClock::forget(self.scope);
        losses::forget(self.scope);
        Spent::forget(self.scope);
        captures::forget(self.scope);
    }
}

/// A test may record a lot before it looks.
const LIMITS: Limits = Limits {
    max_events: 32_768,
    max_bytes: 64 << 20,
    ..Limits::DEFAULT
};
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventTracker;

    #[test]
    #[should_panic(expected = "events were lost: the test made them faster than they are taken")]
    fn events_that_were_lost_do_not_go_unseen() {
        let recorder = Recorder::new();
        recorder.run(|| {
            losses::note(Context::current().scope());
            EventTracker::new("seen").finish();
        });
        let _ = recorder.events();
    }

    #[test]
    fn a_recorder_that_is_gone_leaves_nothing_behind() {
        let recorder = Recorder::new();
        let (scope, _clock) = (recorder.scope, recorder.manual_clock());
        losses::note(scope);
        let account = Spent::of_scope(scope);
        drop(recorder);
        assert!(ManualClock::held(scope).is_none());
        assert_eq!(losses::of(scope), 0);
        assert!(!Arc::ptr_eq(&account, &Spent::of_scope(scope)));
    }

    /// Its queue has room for nothing but the application event.
    fn overrun() -> Recorder {
        let recorder = Recorder::start(Limits {
            max_events: 1,
            ..LIMITS
        });
        let kept = recorder.kept.lock();
        // Its thread waits for that lock, and the queue behind it fills.
        while recorder.dropped() == 0 {
            recorder.run(|| EventTracker::new("before").finish());
            bus::wake();
            std::thread::yield_now();
        }
        drop(kept);
        recorder
    }

    #[test]
    #[should_panic(expected = "events were lost: the test made them faster than they are taken")]
    fn events_that_its_own_queue_dropped_do_not_go_unseen() {
        let _ = overrun().events();
    }

    #[test]
    fn after_it_was_cleared_a_recorder_is_as_new() {
        let recorder = overrun();
        recorder.run(|| EventTracker::new("before").finish());
        losses::note(recorder.scope);
        recorder.clear();
        recorder.run(|| EventTracker::new("after").finish());
        assert_eq!(recorder.tree(), "after\n");
    }
}

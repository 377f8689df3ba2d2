//! A wrapper that does all it has to, but for one flaw.

use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::ThreadId;

use gomon_core::probe::{self, Level, Probe, Raised};
use gomon_core::wait::{Kind, Wait};
use gomon_core::{
    Context, EndGuard, ErrorInfo, EventTracker, Outcome, PluginConfig, capture, register_plugin,
};
use serde::Deserialize;

use super::flaws::Flaw;

pub(super) const FP: &str = "toy-call";
pub(super) const OPEN: &str = "toy-open";
pub(super) const SECRET: &str = "hunter2";

/// Events that a wrapper forgot; not leaked, for the leak check would blame whoever had the record before.
static FOR_EVER: Mutex<Vec<EventTracker>> = Mutex::new(Vec::new());

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Works,
    Fails,
    Panics,
    Pends,
    Nests,
    Secret,
    Long,
}

pub(super) struct Toy {
    flaw: Flaw,
    level: Level,
    leaked: Mutex<Vec<Raised>>,
    made_in: Context,
    _open: Option<EventTracker>,
    _probe: Option<Probe>,
}

impl Toy {
    pub(super) fn new(flaw: Flaw) -> Self {
        register(flaw);
        let mut open = EventTracker::new(OPEN);
        if flaw != Flaw::NoOpening {
            open.send_opening();
        }
        let open = match flaw {
            Flaw::OpenForEver => {
                FOR_EVER.lock().unwrap().push(open);
                None
            }
            Flaw::ClosesEarly => None,
            _ => Some(open),
        };
        let probe = match flaw {
            Flaw::NoProbe => None,
            _ => Some(probe::register("toy").unwrap()),
        };
        let mut level = Level::new();
        if let Some(probe) = &probe {
            level = Self::fill(flaw, probe);
        }
        let probe = match flaw {
            Flaw::ProbeOutlives => {
                std::mem::forget(probe);
                None
            }
            _ => probe,
        };
        Self {
            flaw,
            level,
            leaked: Mutex::default(),
            made_in: Context::current(),
            _open: open,
            _probe: probe,
        }
    }

    fn fill(flaw: Flaw, probe: &Probe) -> Level {
        if flaw != Flaw::NoGauge {
            probe.gauge("calls", || 1_u8);
        }
        if flaw != Flaw::NoRow {
            let colour = if flaw == Flaw::EmptyRow { "" } else { "red" };
            probe.row("colour", move || colour);
        }
        if flaw != Flaw::NoAction {
            let bad = flaw == Flaw::BadAction;
            probe.action("ping", move |_| {
                if bad {
                    Err("no".to_owned())
                } else {
                    Ok("PONG")
                }
            });
        }
        probe.level("open")
    }

    #[track_caller]
    pub(super) fn call(
        self: Arc<Self>,
        what: What,
    ) -> impl Future<Output = io::Result<u32>> + Send {
        self.called(what, Location::caller())
    }

    async fn called(
        self: Arc<Self>,
        what: What,
        at: &'static Location<'static>,
    ) -> io::Result<u32> {
        let (flaw, cause) = (self.flaw, Context::current());
        let mut tracker = match flaw {
            Flaw::NoEvent => EventTracker::empty(),
            Flaw::OtherParent => EventTracker::in_context(FP, Context::application()),
            _ => EventTracker::in_context(FP, cause),
        };
        if flaw == Flaw::NeverOff && !tracker.is_recording() {
            tracker = EventTracker::in_context(FP, self.made_in);
        }
        if flaw == Flaw::TwoEvents {
            EventTracker::new(FP).finish();
        }
        match flaw {
            Flaw::NoOrphan => {}
            Flaw::AlwaysOrphan => drop(tracker.orphan()),
            _ => drop(tracker.orphan_unless_caused(cause)),
        }
        self.set(&mut tracker, what);
        if flaw != Flaw::NotRegistered {
            tracker.register("toy");
        }
        let _raised = self.raise();
        if flaw == Flaw::NoGuard {
            let mut wait = Wait::new(Kind::Net);
            let mut inner = std::pin::pin!(inner(what));
            let wrapped = poll_fn(|cx| wait.poll(cx, |cx| inner.as_mut().poll(cx)));
            let result = tracker.scope(wrapped).await;
            self.note(&mut tracker, &result, at);
            return result;
        }
        let mut guard = EndGuard::new(tracker);
        let result = self.polled(&mut guard, what).await;
        let result = match (flaw, result) {
            (Flaw::SwallowsPanic | Flaw::OtherPanic, Err(Some(panic))) => {
                guard.finish(Outcome::Cancelled);
                if flaw == Flaw::OtherPanic {
                    resume_unwind(panic);
                }
                return Ok(0);
            }
            (_, Ok(result)) => result,
            (_, Err(_)) => unreachable!("only these catch"),
        };
        self.note(guard.tracker(), &result, at);
        if flaw != Flaw::NotFinished || result.is_err() {
            guard.finish(Outcome::Completed);
        }
        match (flaw, result) {
            (Flaw::OtherResult, Ok(_)) => Ok(8),
            (Flaw::OtherError, Err(_)) => Err(io::Error::other("something else")),
            (_, result) => result,
        }
    }

    /// Polls what is wrapped to its end. An error is a caught panic.
    async fn polled(
        &self,
        guard: &mut EndGuard,
        what: What,
    ) -> Result<io::Result<u32>, Option<Box<dyn std::any::Any + Send>>> {
        let (flaw, mut wait) = (self.flaw, Wait::new(Kind::Net));
        let mut inner = std::pin::pin!(inner(what));
        let mut first: Option<ThreadId> = None;
        poll_fn(move |cx| {
            let here = std::thread::current().id();
            let moved = *first.get_or_insert(here) != here;
            if flaw == Flaw::EventPerThread && moved {
                EventTracker::new(FP).finish();
            }
            match flaw {
                Flaw::NoWait => guard.poll_future(cx, |cx| inner.as_mut().poll(cx)).map(Ok),
                Flaw::NotCurrent => wait.poll(cx, |cx| inner.as_mut().poll(cx)).map(Ok),
                Flaw::SwallowsPanic | Flaw::OtherPanic => {
                    let tracker = guard.tracker();
                    let poll = || tracker.enter(|| wait.poll(cx, |cx| inner.as_mut().poll(cx)));
                    match catch_unwind(AssertUnwindSafe(poll)) {
                        Ok(polled) => polled.map(Ok),
                        Err(panic) => std::task::Poll::Ready(Err(Some(panic))),
                    }
                }
                _ => guard
                    .poll_future(cx, |cx| wait.poll(cx, |cx| inner.as_mut().poll(cx)))
                    .map(Ok),
            }
        })
        .await
    }

    fn raise(&self) -> Option<Raised> {
        match self.flaw {
            Flaw::NotRaised => None,
            Flaw::Leaks => {
                self.leaked.lock().unwrap().push(self.level.raise());
                None
            }
            _ => Some(self.level.raise()),
        }
    }

    fn set(&self, tracker: &mut EventTracker, what: What) {
        let (name, value) = match what {
            What::Secret => ("password", SECRET.to_owned()),
            What::Long => ("name", "x".repeat(20_000)),
            _ => ("name", "ball".to_owned()),
        };
        tracker.set("what", format!("{what:?}"));
        if self.flaw != Flaw::NoKey {
            tracker.set("name", name);
        }
        if marks(self.flaw) {
            tracker.set("marked", true);
        }
        let capture = capture();
        let taken = match self.flaw {
            Flaw::TakesTooMuch => 100,
            Flaw::TakesNothing if what == What::Works => 0,
            _ => capture.bodies(),
        };
        if taken == 0 {
            return;
        }
        let hidden = capture.mask().hides(name) && self.flaw != Flaw::TellsSecret;
        let value = if hidden { "[redacted]" } else { &value };
        let kept = value.get(..taken).unwrap_or(value);
        tracker.set("value", kept);
        if kept.len() < value.len() && self.flaw != Flaw::CutsSilently {
            tracker.note_cut("value", (value.len() - kept.len()) as u64);
        }
    }

    fn note(
        &self,
        tracker: &mut EventTracker,
        result: &io::Result<u32>,
        at: &'static Location<'static>,
    ) {
        let Err(error) = result else { return };
        let mut info = ErrorInfo::new(error);
        if self.flaw != Flaw::NoType {
            info = info.kind("Other");
        }
        if self.flaw != Flaw::NoLocation {
            info = info.location(at);
        }
        if self.flaw != Flaw::NoError {
            tracker.push_error(info);
        }
        if self.flaw != Flaw::NotFailed {
            tracker.mark(Outcome::Failed);
        }
    }
}

/// What is wrapped.
async fn inner(what: What) -> io::Result<u32> {
    tokio::task::yield_now().await;
    match what {
        What::Fails => Err(io::Error::other("no such toy")),
        What::Panics => panic!("the toy broke"),
        What::Pends => std::future::pending().await,
        What::Nests => {
            EventTracker::new("inner").finish();
            Ok(7)
        }
        What::Works | What::Secret | What::Long => Ok(7),
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Strict {
    marks: bool,
}

impl PluginConfig for Strict {
    const NAME: &'static str = "toy";
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lax {
    marks: bool,
}

impl PluginConfig for Lax {
    const NAME: &'static str = "toy-lax";
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Old {
    marks: bool,
}

impl PluginConfig for Old {
    const NAME: &'static str = "toy-old";
}

static STRICT: AtomicBool = AtomicBool::new(false);
static LAX: AtomicBool = AtomicBool::new(false);
static OLD: OnceLock<bool> = OnceLock::new();

fn register(flaw: Flaw) {
    match flaw {
        Flaw::NoConfig => {}
        Flaw::LaxConfig => {
            register_plugin(|config: Lax| LAX.store(config.marks, Ordering::Relaxed)).unwrap()
        }
        Flaw::OldConfig => {
            register_plugin(|config: Old| _ = OLD.set(config.marks)).unwrap();
        }
        _ => {
            register_plugin(|config: Strict| STRICT.store(config.marks, Ordering::Relaxed)).unwrap()
        }
    }
}

fn marks(flaw: Flaw) -> bool {
    match flaw {
        Flaw::LaxConfig => LAX.load(Ordering::Relaxed),
        Flaw::OldConfig => OLD.get() == Some(&true),
        _ => STRICT.load(Ordering::Relaxed),
    }
}

//! Start, shutdown, and what can be asked in between.

use std::any::type_name;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::bus::fan_out::Filter;
use crate::bus::listener::{Listener, ListenerError};
use crate::bus::port::Port;
use crate::bus::report::Report;
use crate::bus::{self, BUS};
use crate::capture::{self, Capture};
use crate::context::unmonitored;
use crate::deadline::Deadline;
use crate::error::{Error, FlushError};
use crate::event::Event;
use crate::sampling::Sampling;
use crate::tracker::{head, panics};
use crate::{application, state, thread};

/// Gathers what gomon starts with.
///
/// ```
/// use gomon_core::{Capture, Event};
///
/// let gomon = gomon_core::builder()
///     .application_id("shop")
///     .capture(Capture::safe())
///     .listener(|event: &Event| drop(event.to_json()))
///     .start()?;
/// // … the program …
/// let report = gomon.shutdown();
/// assert_eq!(report.dropped(), 0);
/// # Ok::<(), gomon_core::Error>(())
/// ```
#[must_use = "nothing starts before `start`"]
pub struct Builder {
    application_id: Option<String>,
    listeners: Vec<Waiting>,
    capture: Option<Capture>,
    filter: Option<Filter>,
    sampling: Option<Sampling>,
    head_ratio: Option<f64>,
    shutdown_deadline: Duration,
    report_interval: Duration,
}

/// A listener that is not started yet.
struct Waiting {
    id: ListenerId,
    name: String,
    listener: Box<dyn Listener>,
}

/// Keeps gomon running: dropping it shuts gomon down, within the builder's deadline.
#[derive(Debug)]
#[must_use = "gomon shuts down when this is dropped: bind it to a name"]
pub struct Gomon {
    deadline: Duration,
    run: u32,
}

/// Names a listener that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// A builder with nothing in it.
pub fn builder() -> Builder {
    Builder {
        application_id: None,
        listeners: Vec::new(),
        capture: None,
        filter: None,
        sampling: None,
        head_ratio: None,
        shutdown_deadline: DEFAULT_DEADLINE,
        report_interval: Duration::from_nanos(bus::REPORT_INTERVAL_NANOS),
    }
}

impl Builder {
    /// What `app-id` says on every event. Default: the execution id.
    pub fn application_id(mut self, id: impl Into<String>) -> Self {
        self.application_id = Some(id.into());
        self
    }

    /// Adds a listener, named after its type.
    pub fn listener<L: Listener>(self, listener: L) -> Self {
        self.named_listener(name_of::<L>(), listener)
    }

    /// Adds a listener under a name, by which reports and threads call it.
    pub fn named_listener(mut self, name: impl Into<String>, listener: impl Listener) -> Self {
        self.listeners.push(Waiting::new(name.into(), listener));
        self
    }

    /// What wrappers may record. Default: [`Capture::safe`].
    pub fn capture(mut self, capture: Capture) -> Self {
        self.capture = Some(capture);
        self
    }

    /// Passes only these events to the listeners; the others count as `filtered`. It runs on the
    /// bus thread. Default: all.
    pub fn filter(mut self, wanted: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(wanted));
        self
    }

    /// Keeps only a part of the traces, the rest counts as `sampled_out`. Aggregates are made from
    /// all of them. Default: everything is kept, and nothing is held.
    pub const fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = Some(sampling);
        self
    }

    /// Records only this part of the traces, between 0 and 1, for extreme rates. What is not
    /// recorded costs a fraction of an event, and leaves nothing but its count as `sampled_out`: no
    /// aggregates, no merit. What sends an opening event is always recorded. Default: everything.
    pub const fn head_sampling(mut self, ratio: f64) -> Self {
        self.head_ratio = Some(ratio);
        self
    }

    /// How often `gomon-self`, the report of gomon on itself, is sent. Default: every 60 seconds.
    /// The bus looks at the clock every 10 to 100 ms.
    pub const fn report_interval(mut self, interval: Duration) -> Self {
        self.report_interval = interval;
        self
    }

    /// How long the guard's drop may take. Default: 5 seconds.
    pub const fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown_deadline = deadline;
        self
    }

    /// Starts gomon: its listeners, its bus and its panic hook.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyStarted`] if it runs, [`Error::Listener`] if a listener cannot start,
    /// [`Error::Thread`] if a thread cannot. The listeners that were not started yet are kept for
    /// the next start.
    pub fn start(self) -> Result<Gomon, Error> {
        let Self {
            application_id,
            listeners,
            capture,
            filter,
            sampling,
            head_ratio,
            shutdown_deadline,
            report_interval,
        } = self;
        let run = start_with(|life| {
            life.waiting.extend(listeners);
            if application_id.is_some() {
                life.application_id = application_id;
            }
            if let Some(capture) = capture {
                capture::set_capture(capture);
            }
            BUS.root.set_filter(filter);
            head::set_ratio(head_ratio);
            life.sampling = sampling;
            bus::set_report_interval(report_interval);
        })?;
        Ok(Gomon {
            deadline: shutdown_deadline,
            run,
        })
    }
}

impl Gomon {
    /// Shuts gomon down now and says where everything went.
    #[must_use = "the report says what was lost; drop the guard to ignore it"]
    pub fn shutdown(self) -> Report {
        shutdown_run(self.deadline, Some(self.run))
    }
}

impl Drop for Gomon {
    fn drop(&mut self) {
        shutdown_run(self.deadline, Some(self.run));
    }
}

/// Starts gomon with what [`add_listener`] and the other functions have set. End with
/// [`shutdown`].
///
/// # Errors
///
/// As [`Builder::start`].
pub fn start() -> Result<(), Error> {
    start_with(|life| {
        BUS.root.set_filter(None);
        head::set_ratio(None);
        life.sampling = None;
    })
    .map(|_| ())
}

/// Starts a run, after `prepare` if there is none, and returns its number. The listeners' own code
/// runs without a lock: it may call anything here.
fn start_with(prepare: impl FnOnce(&mut Life)) -> Result<u32, Error> {
    {
        let mut life = LIFE.lock();
        if !life.is_stopped() {
            return Err(Error::AlreadyStarted);
        }
        prepare(&mut life);
        life.phase = Phase::Starting;
    }
    panics::install_hook();
    let mut started = Vec::new();
    loop {
        let mut life = LIFE.lock();
        if life.waiting.is_empty() {
            return life.begin(started);
        }
        let mut waiting = life.waiting.drain(..).collect::<VecDeque<_>>();
        drop(life);
        while let Some(next) = waiting.pop_front() {
            match next.start() {
                Ok(port) => started.push(port),
                Err(error) => {
                    give_up(&started, waiting);
                    return Err(error);
                }
            }
        }
    }
}

/// A start that failed: what it has started ends, the rest waits on.
fn give_up(started: &[Arc<Port>], waiting: VecDeque<Waiting>) {
    for port in started {
        port.begin_close(Deadline::after(DEFAULT_DEADLINE));
    }
    let mut life = LIFE.lock();
    let later = std::mem::take(&mut life.waiting);
    life.waiting = waiting.into_iter().chain(later).collect();
    life.phase = Phase::Stopped;
}

/// Calls a listener's `start`. What it does is not monitored, and a panic is an error.
pub(crate) fn start_listener(name: &str, listener: &mut dyn Listener) -> Result<(), Error> {
    let start = AssertUnwindSafe(|| unmonitored(|| listener.start()));
    let started = catch_unwind(start).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        Err(ListenerError::new("it panicked"))
    });
    started.map_err(|cause| Error::Listener {
        name: name.to_owned(),
        cause,
    })
}

/// Ends what is open, brings everything to the listeners, lets them flush and ends them; then says
/// where everything went. It takes no longer than `deadline`, or little: what listeners did not
/// take by then counts as `shutdown_timeout`. While another thread does the same it waits for it.
///
/// It works from any thread and any runtime, and blocks only its thread. On one of gomon's own
/// threads, where it would wait for itself, and when gomon does not run, it does nothing but
/// report.
#[expect(clippy::must_use_candidate, reason = "the report may be left unread")]
pub fn shutdown(deadline: Duration) -> Report {
    shutdown_run(deadline, None)
}

/// Shuts down the given run, or whichever it is.
fn shutdown_run(deadline: Duration, run: Option<u32>) -> Report {
    {
        let mut life = LIFE.lock();
        let other = run.is_some_and(|run| run != state::load().run());
        if thread::is_own_thread() || other {
            return life.report();
        }
        match life.phase {
            Phase::Running => life.phase = Phase::Stopping,
            Phase::Stopping => {
                drop(life);
                bus::wait_ended(deadline);
                return LIFE.lock().report();
            }
            Phase::Stopped | Phase::Starting | Phase::Stuck => return life.report(),
        }
    }
    // Without the lock: a listener may call us while it ends.
    let ended = bus::stop(deadline);
    let report = bus::report();
    BUS.root.clear();
    let mut life = LIFE.lock();
    life.last_report = Some(report.clone());
    life.phase = if ended { Phase::Stopped } else { Phase::Stuck };
    drop(life);
    // The user's code, if it has a drop.
    BUS.root.set_filter(None);
    report
}

/// Brings every event that ended before to the listeners and lets them flush.
///
/// It blocks its thread for at most `deadline`, and works in a task of a current-thread runtime
/// too.
///
/// # Errors
///
/// What kept it from reaching all listeners; nothing is lost by that.
pub fn flush(deadline: Duration) -> Result<(), FlushError> {
    bus::flush(deadline)
}

/// Where every record went so far; after a shutdown, in that run.
#[must_use]
pub fn stats() -> Report {
    LIFE.lock().report()
}

/// Adds a listener; before the start it waits for it. The first event it sees is the application
/// event.
///
/// # Errors
///
/// [`Error::Listener`] if it cannot start, [`Error::Thread`] if its thread cannot. Before the
/// start of gomon, such an error is one of the start.
pub fn add_listener<L: Listener>(listener: L) -> Result<ListenerId, Error> {
    let waiting = Waiting::new(name_of::<L>(), listener);
    let id = waiting.id;
    let run = {
        let mut life = LIFE.lock();
        match life.phase {
            Phase::Stopped | Phase::Starting => {
                life.waiting.push(waiting);
                return Ok(id);
            }
            Phase::Stopping | Phase::Stuck => return Err(Error::NotRunning),
            Phase::Running => state::load().run(),
        }
    };
    let port = waiting.start()?;
    let life = LIFE.lock();
    if life.phase == Phase::Running && state::load().run() == run {
        BUS.root.add(port);
        return Ok(id);
    }
    port.begin_close(Deadline::after(DEFAULT_DEADLINE));
    Err(Error::NotRunning)
}

/// Removes a listener, which still gets what waits in its queue; false if there is none of that
/// id.
#[must_use = "false says that there was no such listener"]
pub fn remove_listener(id: ListenerId) -> bool {
    let mut life = LIFE.lock();
    let at = life.waiting.iter().position(|waiting| waiting.id == id);
    let waiting = at.map(|at| life.waiting.remove(at));
    drop(life);
    // The user's to drop: not under the lock.
    waiting.is_some() || BUS.root.remove(id)
}

/// What `app-id` will say on every event.
///
/// # Errors
///
/// [`Error::AlreadyStarted`] once gomon runs: events have been sent under the other name.
pub fn set_application_id(id: impl Into<String>) -> Result<(), Error> {
    let mut life = LIFE.lock();
    if !life.is_stopped() {
        return Err(Error::AlreadyStarted);
    }
    life.application_id = Some(id.into());
    Ok(())
}

/// The id of this run's application event, once gomon was started.
#[must_use]
pub fn execution_id() -> Option<Uuid> {
    Some(application::current().id()).filter(|id| !id.is_nil())
}

/// Starts gomon for a test, if no other test of the process has.
#[cfg(feature = "test-util")]
pub(crate) fn ensure_started() {
    loop {
        match LIFE.lock().phase {
            Phase::Running => return,
            Phase::Stopped => {}
            // Another thread is at it.
            Phase::Starting | Phase::Stopping | Phase::Stuck => {
                std::thread::yield_now();
                continue;
            }
        }
        match start() {
            Ok(()) => return,
            Err(Error::AlreadyStarted) => {}
            #[expect(clippy::panic, reason = "a test cannot go on without")]
            Err(error) => panic!("gomon could not start: {error}"),
        }
    }
}

struct Life {
    phase: Phase,
    application_id: Option<String>,
    waiting: Vec<Waiting>,
    sampling: Option<Sampling>,
    last_report: Option<Report>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Stopped,
    Starting,
    Running,
    Stopping,
    /// A shutdown did not wait any longer for the bus thread, which is held up by a filter.
    Stuck,
}

impl Life {
    /// Whether a start may begin.
    fn is_stopped(&self) -> bool {
        match self.phase {
            Phase::Stopped => true,
            Phase::Stuck => bus::has_ended(),
            Phase::Starting | Phase::Running | Phase::Stopping => false,
        }
    }

    /// The last steps of a start; the number of the run.
    fn begin(&mut self, listeners: Vec<Arc<Port>>) -> Result<u32, Error> {
        let run = state::begin_run();
        BUS.begin(application::begin(self.application_id.as_deref()));
        for port in listeners {
            BUS.root.add(port);
        }
        if let Err(cause) = bus::start_worker(self.sampling.clone()) {
            BUS.root.clear();
            self.phase = Phase::Stopped;
            return Err(Error::Thread(cause));
        }
        self.phase = Phase::Running;
        state::set_running(true);
        Ok(run)
    }

    fn report(&self) -> Report {
        match (&self.last_report, self.phase) {
            (Some(last), Phase::Stopped | Phase::Starting | Phase::Stuck) => Report {
                after_shutdown: bus::after_shutdown(),
                ..last.clone()
            },
            _ => bus::report(),
        }
    }
}

impl ListenerId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Waiting {
    fn new(name: String, listener: impl Listener) -> Self {
        Self {
            id: ListenerId::next(),
            name,
            listener: Box::new(listener),
        }
    }

    fn start(mut self) -> Result<Arc<Port>, Error> {
        start_listener(&self.name, self.listener.as_mut())?;
        Port::start(self.id, self.name, 0, self.listener).map_err(Error::Thread)
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self
            .listeners
            .iter()
            .map(|waiting| waiting.name.as_str())
            .collect();
        f.debug_struct("Builder")
            .field("application_id", &self.application_id)
            .field("listeners", &names)
            .field("capture", &self.capture)
            .finish_non_exhaustive()
    }
}

/// A type's name without its path and parameters; a closure has that of the function it is in.
pub(crate) fn name_of<L>() -> String {
    let name = type_name::<L>();
    let name = name
        .split('<')
        .find(|part| !part.is_empty())
        .unwrap_or(name);
    let mut parts = name.rsplit("::").filter(|part| !part.starts_with('{'));
    parts.next().unwrap_or(name).to_owned()
}

const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);
static LIFE: Mutex<Life> = Mutex::new(Life {
    phase: Phase::Stopped,
    application_id: None,
    waiting: Vec::new(),
    sampling: None,
    last_report: None,
});

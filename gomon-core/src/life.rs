//! Start, shutdown, and what can be asked in between.

use std::any::type_name;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::bus::listener::Listener;
use crate::bus::port::Port;
use crate::bus::report::Report;
use crate::bus::{self, BUS};
use crate::capture::{self, Capture};
use crate::error::{Error, FlushError};
use crate::event::Event;
use crate::tracker::panics;
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
    shutdown_deadline: Duration,
}

type Filter = Box<dyn Fn(&Event) -> bool + Send + Sync>;

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
        shutdown_deadline: DEFAULT_DEADLINE,
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
        self.filter = Some(Box::new(wanted));
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
    /// [`Error::Thread`] if a thread cannot.
    pub fn start(self) -> Result<Gomon, Error> {
        let mut life = LIFE.lock();
        if life.phase != Phase::Stopped {
            return Err(Error::AlreadyStarted);
        }
        if let Some(capture) = self.capture {
            capture::set_capture(capture);
        }
        if let Some(filter) = self.filter {
            BUS.root.set_filter(filter);
        }
        if self.application_id.is_some() {
            life.application_id = self.application_id;
        }
        life.waiting.extend(self.listeners);
        life.start()?;
        Ok(Gomon {
            deadline: self.shutdown_deadline,
        })
    }
}

impl Gomon {
    /// Shuts gomon down now and says where everything went.
    #[must_use = "the report says what was lost; drop the guard to ignore it"]
    pub fn shutdown(self) -> Report {
        shutdown(self.deadline)
    }
}

impl Drop for Gomon {
    fn drop(&mut self) {
        shutdown(self.deadline);
    }
}

/// Starts gomon with what [`add_listener`] and the other functions have set. End with
/// [`shutdown`].
///
/// # Errors
///
/// As [`Builder::start`].
pub fn start() -> Result<(), Error> {
    let mut life = LIFE.lock();
    match life.phase {
        Phase::Stopped => life.start(),
        Phase::Running | Phase::Stopping => Err(Error::AlreadyStarted),
    }
}

/// Ends what is open, brings everything to the listeners, lets them flush and ends them; then says
/// where everything went. It takes no longer than `deadline`, or little: what listeners did not
/// take by then counts as `shutdown_timeout`.
///
/// It works from any thread and any runtime, and blocks only its thread. On one of gomon's own
/// threads, where it would wait for itself, and when gomon does not run, it does nothing but
/// report.
pub fn shutdown(deadline: Duration) -> Report {
    {
        let mut life = LIFE.lock();
        if thread::is_own_thread() || life.phase != Phase::Running {
            return life.report();
        }
        life.phase = Phase::Stopping;
        state::set_running(false);
    }
    // Without the lock: a listener may call us while it ends.
    bus::stop(deadline);
    let mut life = LIFE.lock();
    let report = bus::report();
    BUS.root.clear();
    life.last_report = Some(report.clone());
    life.phase = Phase::Stopped;
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
    let mut life = LIFE.lock();
    match life.phase {
        Phase::Stopped => {
            life.waiting.push(waiting);
            Ok(id)
        }
        Phase::Stopping => Err(Error::NotRunning),
        Phase::Running => {
            drop(life);
            BUS.root.add(waiting.start()?);
            Ok(id)
        }
    }
}

/// Removes a listener, which still gets what waits for it; false if there is none of that id.
#[must_use = "false says that there was no such listener"]
pub fn remove_listener(id: ListenerId) -> bool {
    let mut life = LIFE.lock();
    let before = life.waiting.len();
    life.waiting.retain(|waiting| waiting.id != id);
    let waited = life.waiting.len() < before;
    drop(life);
    waited || BUS.root.remove(id).map(|port| port.begin_close()).is_some()
}

/// What `app-id` will say on every event.
///
/// # Errors
///
/// [`Error::AlreadyStarted`] once gomon runs: events have been sent under the other name.
pub fn set_application_id(id: impl Into<String>) -> Result<(), Error> {
    let mut life = LIFE.lock();
    if life.phase != Phase::Stopped {
        return Err(Error::AlreadyStarted);
    }
    life.application_id = Some(id.into());
    Ok(())
}

/// The id of this run's application event, once gomon was started.
#[must_use]
pub fn execution_id() -> Option<Uuid> {
    let application = application::current();
    application.event().is_some().then(|| application.id())
}

#[cfg(feature = "test-util")]
pub(crate) fn ensure_started() {
    let mut life = LIFE.lock();
    if life.phase == Phase::Stopped {
        #[expect(
            clippy::expect_used,
            reason = "only a machine out of threads fails, and no test goes on there"
        )]
        life.start().expect("gomon starts");
    }
}

struct Life {
    phase: Phase,
    application_id: Option<String>,
    waiting: Vec<Waiting>,
    last_report: Option<Report>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Stopped,
    Running,
    Stopping,
}

impl Life {
    fn start(&mut self) -> Result<(), Error> {
        panics::install_hook();
        let application = application::begin(self.application_id.clone());
        BUS.begin(application.event().cloned());
        let started = self
            .start_listeners()
            .and_then(|()| bus::start_worker().map_err(Error::Thread));
        if let Err(error) = started {
            BUS.root.clear();
            return Err(error);
        }
        self.phase = Phase::Running;
        state::set_running(true);
        Ok(())
    }

    fn start_listeners(&mut self) -> Result<(), Error> {
        for waiting in self.waiting.drain(..) {
            BUS.root.add(waiting.start()?);
        }
        Ok(())
    }

    fn report(&self) -> Report {
        match (&self.last_report, self.phase) {
            (Some(last), Phase::Stopped) => Report {
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

    fn start(mut self) -> Result<std::sync::Arc<Port>, Error> {
        let name = self.name;
        self.listener.start().map_err(|cause| Error::Listener {
            name: name.clone(),
            cause,
        })?;
        Port::start(self.id, name, 0, self.listener).map_err(Error::Thread)
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

/// A type's name without its path and parameters.
pub(crate) fn name_of<L>() -> String {
    let name = type_name::<L>();
    let name = name
        .split('<')
        .next()
        .unwrap_or(name)
        .trim_end_matches("::{{closure}}");
    name.rsplit("::").next().unwrap_or(name).to_owned()
}

const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);
static LIFE: Mutex<Life> = Mutex::new(Life {
    phase: Phase::Stopped,
    application_id: None,
    waiting: Vec::new(),
    last_report: None,
});

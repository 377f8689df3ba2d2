//! Start, shutdown, and what can be asked in between.

mod builder;
mod listeners;
pub(crate) mod over;
mod temporary;

use std::collections::{BTreeSet, VecDeque};
#[cfg(feature = "toml")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::aggregate::snapshot::Snapshot;
use crate::bus::port::Port;
use crate::bus::report::Report;
use crate::bus::{self, BUS};
use crate::config::layers::Overridden;
use crate::config::{Config, plugin};
#[cfg(feature = "toml")]
use crate::config::{file::File, watch};
use crate::deadline::Deadline;
use crate::error::{Error, FlushError};
use crate::sampling::Sampling;
use crate::segment;
use crate::tracker::panics;
use crate::{aggregate, application, clock, fork, hot, notice, state, switch};

pub use builder::{Builder, builder};
pub use listeners::{
    ListenerId, add_listener, add_listener_factory, add_listener_factory_with, add_listener_with,
    remove_listener,
};

pub use temporary::{end_temporary_config, set_config_for};

use listeners::{Roster, Waiting};
use temporary::Temporary;

/// Keeps gomon running: dropping it shuts gomon down, within the builder's deadline.
#[derive(Debug)]
#[must_use = "gomon shuts down when this is dropped: bind it to a name"]
pub struct Gomon {
    deadline: Duration,
    run: u32,
}

impl Gomon {
    fn new(run: u32, deadline: Duration) -> Self {
        Self { deadline, run }
    }

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
    builder().start_run().map(|_| ())
}

/// Starts a run, after `prepare` if there is none, and returns its number. The listeners' own code
/// runs without a lock: it may call anything here.
fn start_with(prepare: impl FnOnce(&mut Life)) -> Result<u32, Error> {
    if fork::is_child() {
        return Err(Error::Forked);
    }
    {
        let mut life = LIFE.lock();
        if !life.is_stopped() {
            return Err(Error::AlreadyStarted);
        }
        prepare(&mut life);
        life.roster.begin();
        life.phase = Phase::Starting;
    }
    panics::install_hook();
    let mut started = Vec::new();
    loop {
        let mut life = LIFE.lock();
        let mut waiting = life.roster.take();
        if waiting.is_empty() {
            let (wanted, removed) = life.roster.started(started);
            let begun = life.begin(wanted);
            drop(life);
            end_ports(&removed);
            if begun.is_ok() {
                segment::global::begin_all();
            } else {
                bus::cancel();
                give_up(&[], VecDeque::new());
            }
            return begun;
        }
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
    end_ports(started);
    let mut life = LIFE.lock();
    let removed = life.roster.take_back(waiting);
    life.phase = Phase::Stopped;
    let filter = BUS.root.set_filter(None);
    drop(life);
    // The user's code, if it has a drop.
    drop((filter, removed));
}

fn end_ports(ports: &[Arc<Port>]) {
    for port in ports {
        port.begin_close(Deadline::after(DEFAULT_DEADLINE));
    }
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
    if fork::is_child() {
        return child_report();
    }
    {
        let mut life = LIFE.lock();
        let other = run.is_some_and(|run| run != state::load().run());
        if hot::is_own_thread() || other {
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
    segment::global::end_all();
    // Without the lock: a listener may call us while it ends.
    let ended = bus::stop(deadline);
    let report = bus::report();
    BUS.root.clear();
    let mut life = LIFE.lock();
    life.last_report = Some(report.clone());
    life.phase = if ended { Phase::Stopped } else { Phase::Stuck };
    // Under the lock: the next start may bring one.
    let filter = BUS.root.set_filter(None);
    drop(life);
    // The user's code, if it has a drop.
    drop(filter);
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
    if fork::is_child() {
        return Err(FlushError::NotRunning);
    }
    bus::flush(deadline)
}

/// Exact counts and times of everything that ended before, by fingerprint and labels; after a
/// shutdown, of that run. Sampling and filters take nothing from them.
///
/// It waits for the bus to read what the threads have recorded, which takes some 50 µs and a copy of
/// every series in which something happened; while a filter holds up the bus, after a second it is
/// the last snapshot that was made. On the bus's own thread, in a filter, that is so at once. It is
/// empty in a child of a process in which gomon ran.
///
/// ```
/// let gomon = gomon_core::builder().start()?;
/// gomon_core::EventTracker::new("import").finish();
/// let snapshot = gomon_core::aggregates();
/// assert_eq!(snapshot.count("import"), 1);
/// let import = snapshot.find("import").next().expect("the one series");
/// println!("99 % took no longer than {:?}", import.quantile(0.99));
/// # drop(gomon);
/// # Ok::<(), gomon_core::Error>(())
/// ```
#[must_use]
pub fn aggregates() -> Snapshot {
    if fork::is_child() {
        return Snapshot::default();
    }
    bus::aggregates()
}

/// Where every record went so far; after a shutdown, in that run.
#[must_use]
pub fn stats() -> Report {
    if fork::is_child() {
        return child_report();
    }
    LIFE.lock().report()
}

fn child_report() -> Report {
    let count = fork::counted();
    Report {
        created: count,
        fork_child: count,
        ..Report::default()
    }
}

/// What `app-id` will say on every event.
///
/// # Errors
///
/// [`Error::AlreadyStarted`] once gomon runs: events have been sent under the other name.
/// [`Error::Forked`] in a child of a process in which gomon ran.
pub fn set_application_id(id: impl Into<String>) -> Result<(), Error> {
    if fork::is_child() {
        return Err(Error::Forked);
    }
    let mut life = LIFE.lock();
    if !life.is_stopped() {
        return Err(Error::AlreadyStarted);
    }
    life.application_id = Some(id.into());
    Ok(())
}

/// Changes settings, at once where gomon runs; they hold for later runs too.
///
/// Before a start, what the builder sets itself comes first, but for what [`Config`] says is over
/// it: `root`, which has conditions of its own and whose sampling takes the place of the builder's,
/// and `listeners`. What a [file](Builder::config_file) and the environment say is over both.
///
/// # Errors
///
/// [`Error::AlreadyStarted`] if it names another application while gomon runs, [`Error::Config`] if the settings of a plug-in are
/// wrong, [`Error::Forked`] in a child of a process in which gomon ran; nothing is changed then.
pub fn set_config(config: Config) -> Result<(), Error> {
    if fork::is_child() {
        return Err(Error::Forked);
    }
    // One at a time: a plug-in's own code reads its settings, without the lock of all else.
    let _changing = CHANGING.lock();
    let (code, over) = {
        let life = LIFE.lock();
        if let Some(id) = &config.application_id
            && !life.is_stopped()
            && life.application_id.as_ref() != Some(id)
        {
            return Err(Error::AlreadyStarted);
        }
        (life.config.clone(), life.outer())
    };
    // Also what is not heeded because a file says otherwise.
    plugin::check(&config.plugins)?;
    let plugins = code.with(config.clone()).with(over).plugins;
    let ready = plugin::prepare(&plugins)?;
    let mut life = LIFE.lock();
    if config.application_id.is_some() {
        life.application_id.clone_from(&config.application_id);
    }
    life.overridden.set_below(&config);
    // What is over it may be made of it.
    let outer = life.outer();
    life.overridden.put(&outer);
    let other_root = config.root.is_some();
    life.config.merge(config);
    life.apply(other_root);
    drop(life);
    plugin::keep(plugins);
    ready.into_iter().for_each(plugin::Ready::apply);
    Ok(())
}

/// Where the configuration file of this run is.
#[cfg(feature = "toml")]
pub(crate) fn config_path() -> Option<PathBuf> {
    LIFE.lock()
        .source
        .as_ref()
        .map(|source| source.path.clone())
}

/// Reads it again when it changes.
fn watch_config(run: u32) -> Result<(), Error> {
    #[cfg(feature = "toml")]
    watch::start(run).map_err(Error::Thread)?;
    #[cfg(not(feature = "toml"))]
    let _ = run;
    Ok(())
}

/// What `app-id` says on every event: what the program has set, else the execution id.
#[must_use]
pub fn application_id() -> String {
    let set = LIFE.lock().application_id.clone();
    set.unwrap_or_else(|| execution_id().map_or_else(String::new, |id| id.to_string()))
}

/// How gomon is set now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigState {
    /// Between start and shutdown.
    pub is_running: bool,
    /// As [`enable`](crate::enable) and [`disable`](crate::disable) have left it.
    pub is_enabled: bool,
    /// The configuration file of this run.
    pub file: Option<String>,
    /// How long the settings of [`set_config_for`] stay in force, if there are any.
    pub temporary_left: Option<Duration>,
}

/// How gomon is set now.
#[must_use]
pub fn config_state() -> ConfigState {
    let life = LIFE.lock();
    #[cfg(feature = "toml")]
    let file = life
        .source
        .as_ref()
        .map(|file| file.path.display().to_string());
    #[cfg(not(feature = "toml"))]
    let file = None;
    ConfigState {
        is_running: state::load().is_running(),
        is_enabled: state::load().is_enabled(),
        file,
        temporary_left: life.temporary.as_ref().map(Temporary::left),
    }
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
    roster: Roster,
    /// What the program has set, and what is over it.
    config: Config,
    over: Config,
    /// What is over both for a time.
    temporary: Option<Temporary>,
    next_temporary: u64,
    overridden: Overridden,
    #[cfg(feature = "toml")]
    source: Option<File>,
    #[cfg(feature = "toml")]
    environment: Config,
    /// The builder's.
    sampling: Option<Sampling>,
    series_limit: usize,
    last_report: Option<Report>,
    /// Those of this run that were said to have settings and not to be there.
    unknown_listeners: BTreeSet<String>,
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

    /// The last steps of a start; the number of the run. An error leaves it to the caller to give up.
    fn begin(&mut self, listeners: Vec<Arc<Port>>) -> Result<u32, Error> {
        let run = state::begin_run();
        fork::own();
        BUS.begin(application::begin(self.application_id.as_deref()));
        for port in listeners {
            BUS.root.add(port);
        }
        bus::start_worker(self.sampling(), self.series_limit).map_err(Error::Thread)?;
        self.phase = Phase::Running;
        state::set_running(true);
        self.unknown_listeners.clear();
        self.note_unknown_listeners();
        Ok(run)
    }

    /// Says which listeners are configured that nobody has added: a name may be misspelt.
    fn note_unknown_listeners(&mut self) {
        let ports = BUS.root.all_ports();
        let config = self.effective();
        let is_there = |name: &str| ports.iter().any(|port| port.name() == name);
        for name in config.listener_names().filter(|name| !is_there(name)) {
            if self.unknown_listeners.insert(name.to_owned()) {
                let message = format!("settings for the listener {name}, which is not there (yet)");
                let record = notice::record("warn", "gomon::config", &message);
                bus::send_without_ring(record, clock::now());
            }
        }
    }

    /// A configuration's sampling, else the builder's.
    fn sampling(&self) -> Option<Sampling> {
        let configured = self.effective().sampling().cloned();
        configured.or_else(|| self.sampling.clone())
    }

    /// What the program has set, with what is over it.
    fn effective(&self) -> Config {
        self.config.clone().with(self.outer())
    }

    /// What is over the program's own settings.
    fn outer(&self) -> Config {
        let temporary = self.temporary.as_ref();
        let temporary = temporary.map(|temporary| temporary.config.clone());
        self.over.clone().with(temporary.unwrap_or_default())
    }

    /// Lets the bus and the listeners heed what is set.
    fn apply(&mut self, other_root: bool) {
        let config = self.effective();
        if other_root {
            let root = config.root.clone().unwrap_or_default();
            BUS.root.configure(&root);
            bus::set_sampling(self.sampling());
        }
        BUS.root.configure_listeners(&config);
        switch::configure(config.switches());
        if self.phase == Phase::Running {
            self.note_unknown_listeners();
        }
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

const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);
/// Held while settings change: before `LIFE`, and not by what only looks.
static CHANGING: Mutex<()> = Mutex::new(());
static LIFE: Mutex<Life> = Mutex::new(Life {
    phase: Phase::Stopped,
    application_id: None,
    roster: Roster::EMPTY,
    config: Config::EMPTY,
    over: Config::EMPTY,
    temporary: None,
    next_temporary: 0,
    overridden: Overridden::NOTHING,
    #[cfg(feature = "toml")]
    source: None,
    #[cfg(feature = "toml")]
    environment: Config::EMPTY,
    sampling: None,
    series_limit: aggregate::SERIES_LIMIT,
    last_report: None,
    unknown_listeners: BTreeSet::new(),
});

use std::fmt;
#[cfg(feature = "toml")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::aggregate;
use crate::bus::fan_out::Filter;
use crate::bus::listener::{Listener, ListenerError};
use crate::bus::options::ListenerOptions;
use crate::bus::{self, BUS};
use crate::capture::{self, Capture};
use crate::config::plugin::{self, PluginConfig};
#[cfg(feature = "toml")]
use crate::config::{env, file::File};
use crate::context::propagation::{Propagation, set_propagation};
use crate::error::Error;
use crate::event::Event;
use crate::event::limits::{self, Limits};
use crate::life::listeners::Waiting;
use crate::life::over::Outer;
use crate::life::{self, Gomon};
use crate::sampling::Sampling;
use crate::tracker::{backtrace, head};

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
    limits: Option<Limits>,
    propagation: Option<Propagation>,
    filter: Option<Filter>,
    sampling: Option<Sampling>,
    head_ratio: Option<f64>,
    shutdown_deadline: Duration,
    report_interval: Option<Duration>,
    aggregate_interval: Option<Duration>,
    tick_interval: Option<Duration>,
    series_limit: usize,
    panic_backtraces: Option<bool>,
    #[cfg(feature = "toml")]
    config_file: Option<PathBuf>,
    #[cfg(feature = "toml")]
    from_env: bool,
}

/// A builder with nothing in it.
pub fn builder() -> Builder {
    Builder {
        application_id: None,
        listeners: Vec::new(),
        capture: None,
        limits: None,
        propagation: None,
        filter: None,
        sampling: None,
        head_ratio: None,
        shutdown_deadline: life::DEFAULT_DEADLINE,
        report_interval: None,
        aggregate_interval: None,
        tick_interval: None,
        series_limit: aggregate::SERIES_LIMIT,
        panic_backtraces: None,
        #[cfg(feature = "toml")]
        config_file: None,
        #[cfg(feature = "toml")]
        from_env: false,
    }
}

impl Builder {
    /// What `app-id` says on every event. Default: the execution id.
    pub fn application_id(mut self, id: impl Into<String>) -> Self {
        self.application_id = Some(id.into());
        self
    }

    /// Adds a listener, named after its type.
    pub fn listener(self, listener: impl Listener) -> Self {
        self.listener_with(ListenerOptions::new(), listener)
    }

    /// Adds a listener under a name, by which reports and threads call it.
    pub fn named_listener(self, name: impl Into<String>, listener: impl Listener) -> Self {
        self.listener_with(ListenerOptions::new().name(name), listener)
    }

    /// Adds a listener with a name, bounds and a policy.
    pub fn listener_with<L: Listener>(mut self, options: ListenerOptions, listener: L) -> Self {
        self.listeners.push(Waiting::given(options, listener));
        self
    }

    /// Adds what makes a listener, with its settings, for the run that is started;
    /// [`add_listener_factory`](crate::add_listener_factory) says when it is called and what overrides the settings.
    ///
    /// ```
    /// use gomon_core::{Event, ListenerError, ListenerOptions};
    ///
    /// let gomon = gomon_core::builder()
    ///     .listener_factory_with(
    ///         ListenerOptions::new().name("prints"),
    ///         |()| Ok::<_, ListenerError>(|event: &Event| println!("{}", event.fp())),
    ///         (), // no settings
    ///     )
    ///     .start()?;
    /// # drop(gomon);
    /// # Ok::<(), gomon_core::Error>(())
    /// ```
    pub fn listener_factory<C, L>(
        self,
        factory: impl Fn(&C) -> Result<L, ListenerError> + Send + Sync + 'static,
        config: C,
    ) -> Self
    where
        C: PluginConfig + Serialize + Sync,
        L: Listener,
    {
        self.listener_factory_with(ListenerOptions::new(), factory, config)
    }

    /// The same with a name, bounds and a policy.
    pub fn listener_factory_with<C, L>(
        mut self,
        options: ListenerOptions,
        factory: impl Fn(&C) -> Result<L, ListenerError> + Send + Sync + 'static,
        config: C,
    ) -> Self
    where
        C: PluginConfig + Serialize + Sync,
        L: Listener,
    {
        self.listeners.push(Waiting::made(options, factory, config));
        self
    }

    /// What wrappers may record. Default: [`Capture::safe`].
    pub fn capture(mut self, capture: Capture) -> Self {
        self.capture = Some(capture);
        self
    }

    /// How large events may get. Default: [`Limits::new`].
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Which headers carry a context from process to process, and which callers are believed.
    /// Default: [`Propagation::new`].
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.propagation = Some(propagation);
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
    /// aggregates, no merit. A root that sends an opening event is always recorded, and what
    /// happens in it from then on, with a weight of 1. Default: everything.
    pub const fn head_sampling(mut self, ratio: f64) -> Self {
        self.head_ratio = Some(ratio);
        self
    }

    /// How often `gomon-self`, the report of gomon on itself, is sent. Default: every 60 seconds.
    /// The bus looks at the clock every 10 to 100 ms.
    pub const fn report_interval(mut self, interval: Duration) -> Self {
        self.report_interval = Some(interval);
        self
    }

    /// How often listeners are handed the aggregates, besides flush and shutdown. Default: every 10
    /// seconds. The bus looks at the clock every 10 to 100 ms.
    pub const fn aggregate_interval(mut self, interval: Duration) -> Self {
        self.aggregate_interval = Some(interval);
        self
    }

    /// How often segments of the whole process say what they have counted so far, see
    /// [`Segment::global`](crate::Segment::global). Default: every 30 seconds. The bus looks at the clock every 10 to 100 ms.
    pub const fn tick_interval(mut self, interval: Duration) -> Self {
        self.tick_interval = Some(interval);
        self
    }

    /// How many series the aggregates have at the most, each up to 8.5 KiB and most of them under
    /// one; labels that come later count in an overflow series of their fingerprint, of which there
    /// are 257 at the most. Default: 2,000.
    pub const fn series_limit(mut self, limit: usize) -> Self {
        self.series_limit = limit;
        self
    }

    /// Leaves the stack out of `panic` events. Otherwise the first panic at each place in ten seconds has it, which takes the
    /// panicking thread milliseconds, and the first of all some time more: that reads the program's debug information.
    pub const fn without_panic_backtraces(mut self) -> Self {
        self.panic_backtraces = Some(false);
        self
    }

    /// How long the guard's drop may take. Default: 5 seconds.
    pub const fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown_deadline = deadline;
        self
    }

    /// Reads settings from a TOML file, with the fields of [`Config`](crate::Config): they are over what the program sets, also later.
    /// While gomon runs the file is read again [when it changes](crate::reload_config).
    #[cfg(feature = "toml")]
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_file = Some(path.into());
        self
    }

    /// Reads settings from the environment, which are over the file's: `GOMON_CAPTURE`, `GOMON_ROOT__SAMPLING__RATIO`, with two
    /// underscores where a field is in a table. A value is JSON, or else text. The file is the one that `GOMON_CONFIG` names, else that of
    /// [`config_file`](Self::config_file), else `gomon.toml` in the working folder if it is there.
    #[cfg(feature = "toml")]
    pub const fn config_from_env(mut self) -> Self {
        self.from_env = true;
        self
    }

    /// Starts gomon: its listeners, its bus and its panic hook.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyStarted`] if it runs, [`Error::Listener`] if a listener cannot start,
    /// [`Error::Thread`] if a thread cannot, [`Error::Config`] if a configuration is wrong, [`Error::Limit`] if a limit is out of its bounds, [`Error::Forked`] in a child of a process in which gomon
    /// ran. The listeners that were not started yet are kept for
    /// the next start.
    pub fn start(self) -> Result<Gomon, Error> {
        let deadline = self.shutdown_deadline;
        let run = self.start_run()?;
        Ok(Gomon::new(run, deadline))
    }

    /// Starts and returns the number of the run. What was not set here is as
    /// [`set_config`](crate::set_config) says, else the default.
    pub(super) fn start_run(self) -> Result<u32, Error> {
        if let Some(limits) = &self.limits {
            limits.check()?;
        }
        #[cfg(feature = "toml")]
        let outer = self.outer()?;
        #[cfg(not(feature = "toml"))]
        let outer = Outer::default();
        let mut ready = outer.prepare()?;
        let watched = outer.is_watched();
        let mut filter = None;
        let mut kept = None;
        let begun = life::start_with(|life| {
            // Nothing is over these until the end.
            life.put_over(Outer::default());
            let config = &life.config;
            let report_interval = self.report_interval.or(config.report_interval());
            let aggregate_interval = self.aggregate_interval.or(config.aggregate_interval());
            let tick_interval = self.tick_interval.or(config.tick_interval());
            bus::set_report_interval(report_interval.unwrap_or(REPORT_INTERVAL));
            bus::set_aggregate_interval(aggregate_interval.unwrap_or(AGGREGATE_INTERVAL));
            bus::set_tick_interval(tick_interval.unwrap_or(TICK_INTERVAL));
            if self.application_id.is_some() {
                life.application_id = self.application_id;
            }
            if let Some(capture) = self.capture {
                capture::set_capture(capture);
            }
            let configured = || config.limits.over(Limits::new());
            limits::publish(self.limits.unwrap_or_else(configured));
            if let Some(propagation) = self.propagation {
                set_propagation(propagation);
            }
            filter = BUS.root.set_filter(self.filter);
            head::set_ratio(self.head_ratio);
            let panic_backtraces = self.panic_backtraces.or(config.panic_backtraces());
            backtrace::set_wanted(panic_backtraces.unwrap_or(true));
            life.sampling = self.sampling;
            life.series_limit = self.series_limit;
            life.roster.expect(self.listeners);
            life.put_over(outer);
            kept = Some(ready.keep());
        });
        // One that a run left which was stuck: the user's to drop, not under the lock.
        drop(filter);
        match (&begun, kept) {
            (Ok(run), _) => {
                ready.give();
                if watched {
                    life::watch_config(*run)?;
                }
            }
            (Err(_), Some(kept)) => drop(plugin::keep(kept)),
            (Err(_), None) => {}
        }
        begun
    }

    /// What is over the program's own settings.
    #[cfg(feature = "toml")]
    fn outer(&self) -> Result<Outer, Error> {
        let mut path = self.config_file.clone();
        let mut environment = crate::Config::default();
        if self.from_env {
            let variables = std::env::vars_os();
            let text = variables.map(|(name, value)| (name.into_string(), value.into_string()));
            environment = env::read(text.filter_map(|(name, value)| name.ok().zip(value.ok())))?;
            let named = std::env::var_os(env::FILE).map(PathBuf::from);
            let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|path| path.exists());
            path = named.or(path).or_else(usual);
        }
        let file = path.map(|path| File::read(&path)).transpose()?;
        Ok(Outer::new(file, environment))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.listeners.iter().map(Waiting::name).collect();
        f.debug_struct("Builder")
            .field("application_id", &self.application_id)
            .field("listeners", &names)
            .field("capture", &self.capture)
            .field("propagation", &self.propagation)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "toml")]
const USUAL_FILE: &str = "gomon.toml";
const REPORT_INTERVAL: Duration = Duration::from_nanos(bus::REPORT_INTERVAL_NANOS);
const AGGREGATE_INTERVAL: Duration = Duration::from_nanos(bus::AGGREGATE_INTERVAL_NANOS);
const TICK_INTERVAL: Duration = Duration::from_nanos(bus::TICK_INTERVAL_NANOS);

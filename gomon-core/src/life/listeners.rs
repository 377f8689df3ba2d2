//! The process's listeners: those that wait for a start, and factories, which every start asks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::bus::BUS;
use crate::bus::configured::Configured;
use crate::bus::listener::{Listener, ListenerError, own_name};
use crate::bus::options::{Limits, ListenerOptions};
use crate::bus::port::Port;
use crate::bus::supply::{Factory, Supply};
use crate::config::plugin::PluginConfig;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::life::{DEFAULT_DEADLINE, LIFE, Phase};
use crate::{fork, state};

/// Names a listener that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// Adds a listener; before the start it waits for it. The first event it sees is the application
/// event.
///
/// # Errors
///
/// [`Error::Listener`] if it cannot start, [`Error::Thread`] if its thread cannot. Before the
/// start of gomon, such an error is one of the start. [`Error::NotRunning`] while gomon shuts
/// down, [`Error::Forked`] in a child of a process in which gomon ran.
pub fn add_listener(listener: impl Listener) -> Result<ListenerId, Error> {
    add_listener_with(ListenerOptions::new(), listener)
}

/// Adds a listener with a name, bounds and a policy.
///
/// # Errors
///
/// As [`add_listener`].
pub fn add_listener_with<L: Listener>(
    options: ListenerOptions,
    listener: L,
) -> Result<ListenerId, Error> {
    add(Waiting::given(options, listener), |_| ())
}

/// Adds what makes a listener, and its settings. The listener is called what its [`PluginConfig`] is.
///
/// The factory is called now if gomon runs, at each start from now on, when the listener was put into quarantine and is to be
/// tried again, and when its settings change.
///
/// `config` is what holds where no configuration says otherwise: under `plugins` and its name a configuration overrides
/// each setting by itself, tables within tables too, before or after this. That takes what serde writes of `config` to be
/// what it reads. Without settings `config` is `()`.
///
/// ```
/// use gomon_core::{Event, ListenerError, PluginConfig};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct TailConfig {
///     prefix: String,
/// }
///
/// impl PluginConfig for TailConfig {
///     const NAME: &'static str = "tail";
/// }
///
/// fn tail(config: &TailConfig) -> Result<impl FnMut(&Event) + use<>, ListenerError> {
///     let prefix = config.prefix.clone();
///     Ok(move |event: &Event| println!("{prefix}{}", event.fp()))
/// }
///
/// gomon_core::add_listener_factory(tail, TailConfig { prefix: "> ".to_owned() })?;
/// let json = r#"{"plugins": {"tail": {"prefix": "* "}}}"#;
/// gomon_core::set_config(serde_json::from_str(json)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When the settings change while gomon runs
///
/// The listener is replaced, on its own thread: it is fed what was queued before the change, is flushed, which may take two
/// seconds, and is dropped, so that the next one may have its file or address. Then the factory is called, and the new
/// listener gets the application event and all that was queued since, which may have ended before the change. No event is lost by that and none comes twice,
/// the application event aside, unless the queue has no room for what comes meanwhile. If the
/// factory refuses the new settings, one is made by those before, and [`stats`](crate::stats) have the error; if it refuses these too, the
/// listener is in quarantine until the next attempt.
///
/// # Errors
///
/// As [`add_listener`], and [`Error::Config`] if what a configuration says for it is wrong; the factory is then not kept.
/// Later, such a configuration is refused as a whole, and an error of the factory leaves the listener in quarantine until the
/// next attempt.
pub fn add_listener_factory<C, L>(
    factory: impl Fn(&C) -> Result<L, ListenerError> + Send + Sync + 'static,
    config: C,
) -> Result<ListenerId, Error>
where
    C: PluginConfig + Serialize + Sync,
    L: Listener,
{
    add_listener_factory_with(ListenerOptions::new(), factory, config)
}

/// The same with a name, bounds and a policy. By the name that is given here a configuration has the settings too: two
/// listeners of one kind have theirs each.
///
/// # Errors
///
/// As [`add_listener_factory`].
pub fn add_listener_factory_with<C, L>(
    options: ListenerOptions,
    factory: impl Fn(&C) -> Result<L, ListenerError> + Send + Sync + 'static,
    config: C,
) -> Result<ListenerId, Error>
where
    C: PluginConfig + Serialize + Sync,
    L: Listener,
{
    if fork::is_child() {
        return Err(Error::Forked);
    }
    let waiting = Waiting::made(options, factory, config);
    let Supply::Factory(factory) = &waiting.supply else {
        return add(waiting, |_| ());
    };
    let factory = Arc::clone(factory);
    Arc::clone(&factory).register(waiting.id)?;
    let lasting = Lasting {
        id: waiting.id,
        name: waiting.name.clone(),
        limits: waiting.limits,
        factory: Arc::clone(&factory),
    };
    let added = add(waiting, |roster| roster.factories.push(lasting));
    if added.is_err() {
        factory.unregister();
    }
    added
}

/// Adds a listener, and notes it when it is in.
fn add(waiting: Waiting, note: impl FnOnce(&mut Roster)) -> Result<ListenerId, Error> {
    if fork::is_child() {
        return Err(Error::Forked);
    }
    let id = waiting.id;
    let run = {
        let mut life = LIFE.lock();
        match life.phase {
            Phase::Stopped | Phase::Starting => {
                life.roster.waiting.push(waiting);
                note(&mut life.roster);
                return Ok(id);
            }
            Phase::Stopping | Phase::Stuck => return Err(Error::NotRunning),
            Phase::Running => state::load().run(),
        }
    };
    // The user's code: not under the lock.
    let port = waiting.start()?;
    let mut life = LIFE.lock();
    if life.phase == Phase::Running && state::load().run() == run {
        BUS.root.add(port);
        note(&mut life.roster);
        return Ok(id);
    }
    drop(life);
    port.begin_close(Deadline::after(DEFAULT_DEADLINE));
    Err(Error::NotRunning)
}

/// Removes a listener, which still gets what waits in its queue; false if there is none of that
/// id.
#[must_use = "false says that there was no such listener"]
pub fn remove_listener(id: ListenerId) -> bool {
    if fork::is_child() {
        return false;
    }
    // The user's to drop: not under the lock.
    let removed = LIFE.lock().roster.remove(id);
    let was_there = removed.was_there;
    if let Some(lasting) = &removed.factory {
        lasting.factory.unregister();
    }
    drop(removed);
    BUS.root.remove(id) || was_there
}

/// Who is to be started.
#[derive(Default)]
pub(super) struct Roster {
    waiting: Vec<Waiting>,
    /// Being started by the start that is under way, and not removed since.
    starting: Vec<ListenerId>,
    /// Asked for a listener at every start.
    factories: Vec<Lasting>,
}

impl Roster {
    pub(super) const EMPTY: Self = Self {
        waiting: Vec::new(),
        starting: Vec::new(),
        factories: Vec::new(),
    };

    /// More that wait for the start that comes.
    pub(super) fn expect(&mut self, listeners: Vec<Waiting>) {
        self.waiting.extend(listeners);
    }

    /// A start begins: the factories are to be asked too, unless they wait already.
    pub(super) fn begin(&mut self) {
        for lasting in &self.factories {
            if self.waiting.iter().all(|waiting| waiting.id != lasting.id) {
                self.waiting.push(lasting.waiting());
            }
        }
    }

    /// All that wait now.
    pub(super) fn take(&mut self) -> VecDeque<Waiting> {
        self.starting
            .extend(self.waiting.iter().map(|waiting| waiting.id));
        self.waiting.drain(..).collect()
    }

    /// Those that were started, and those of them that were removed meanwhile.
    pub(super) fn started(&mut self, ports: Vec<Arc<Port>>) -> (Vec<Arc<Port>>, Vec<Arc<Port>>) {
        let wanted = std::mem::take(&mut self.starting);
        ports
            .into_iter()
            .partition(|port| wanted.contains(&port.id()))
    }

    /// These were not started: they wait on.
    /// Gives those back that were removed meanwhile: they are the user's to drop.
    pub(super) fn take_back(&mut self, waiting: VecDeque<Waiting>) -> Vec<Waiting> {
        let wanted = std::mem::take(&mut self.starting);
        let later = std::mem::take(&mut self.waiting);
        let (kept, removed): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|waiting| wanted.contains(&waiting.id));
        self.waiting = kept.into_iter().chain(later).collect();
        removed
    }

    fn remove(&mut self, id: ListenerId) -> Removed {
        let starting = self.starting.extract_if(.., |starting| *starting == id);
        let was_starting = starting.count() > 0;
        let waiting = self.waiting.iter().position(|waiting| waiting.id == id);
        let factory = self.factories.iter().position(|factory| factory.id == id);
        Removed {
            was_there: was_starting || waiting.is_some() || factory.is_some(),
            _waiting: waiting.map(|at| self.waiting.remove(at)),
            factory: factory.map(|at| self.factories.remove(at)),
        }
    }
}

/// What was removed: the user's to drop, without a lock.
struct Removed {
    was_there: bool,
    _waiting: Option<Waiting>,
    factory: Option<Lasting>,
}

/// A listener that is not started yet.
pub(super) struct Waiting {
    id: ListenerId,
    name: String,
    limits: Limits,
    supply: Supply,
}

impl Waiting {
    pub(super) fn new<L>(options: ListenerOptions, supply: Supply) -> Self {
        let (name, limits) = options.named_after::<L>();
        Self {
            id: ListenerId::next(),
            name,
            limits,
            supply,
        }
    }

    pub(super) fn given<L: Listener>(options: ListenerOptions, listener: L) -> Self {
        let options = options.name_or(own_name(&listener));
        Self::new::<L>(options, Supply::Given(Box::new(listener)))
    }

    pub(super) fn made<C, L>(
        options: ListenerOptions,
        factory: impl Fn(&C) -> Result<L, ListenerError> + Send + Sync + 'static,
        config: C,
    ) -> Self
    where
        C: PluginConfig + Serialize + Sync,
        L: Listener,
    {
        let own = Some(C::NAME).filter(|name| !name.is_empty());
        let options = options.name_or(own);
        let configured = Configured::new(options.name.clone(), factory, config);
        Self::new::<L>(options, Supply::Factory(Arc::new(configured)))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn start(self) -> Result<Arc<Port>, Error> {
        let opened = self.supply.open(self.id, &self.name)?;
        let limits = LIFE
            .lock()
            .effective()
            .queue_limits(&self.name, self.limits);
        Port::start(self.id, self.name, 0, limits, opened).map_err(Error::Thread)
    }
}

/// A factory, kept over all runs.
struct Lasting {
    id: ListenerId,
    name: String,
    limits: Limits,
    factory: Factory,
}

impl Lasting {
    fn waiting(&self) -> Waiting {
        Waiting {
            id: self.id,
            name: self.name.clone(),
            limits: self.limits,
            supply: Supply::Factory(Arc::clone(&self.factory)),
        }
    }
}

impl ListenerId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

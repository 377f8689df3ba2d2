//! One stream to many listeners: what the bus and every [`Retransmitter`](crate::Retransmitter)
//! are made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::aggregate::snapshot::Snapshot;
use crate::bus::flush::FlushTicket;
use crate::bus::port::Port;
use crate::bus::reason::{DropReason, Losses};
use crate::bus::report::ListenerReport;
use crate::bus::retransmitter::check::Check;
use crate::bus::retransmitter::config::RetransmitterConfig;
use crate::bus::retransmitter::stages::{Stages, is_application};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::event::Event;
use crate::event::batch::Slice;
use crate::life::ListenerId;

/// Which events are passed on.
pub(crate) type Filter = Arc<dyn Fn(&Event) -> bool + Send + Sync>;

/// What comes in goes through its stages, and then to the listeners behind it, with the account of what came in.
pub(crate) struct FanOut {
    inner: Mutex<Inner>,
}

struct Inner {
    stages: Option<Arc<Stages>>,
    outlets: Vec<Outlet>,
    /// Listeners that were removed and have not ended yet.
    closing: Vec<Arc<Port>>,
    /// The application event, once it is known: the first thing for whoever is added later.
    application: Option<Slice>,
    /// What came in so far.
    account: Account,
}

/// Counts at the point where the stream fans out: every listener's account starts with these.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    /// Records that came in, whatever became of them.
    pub(crate) created: u64,
    /// Of these, those that no listener was given.
    pub(crate) lost: Losses,
}

struct Outlet {
    port: Arc<Port>,
    /// The account when the listener was added.
    before: Account,
    /// Whether it was given the application event on its own.
    replayed: bool,
}

impl FanOut {
    pub(crate) const fn new() -> Self {
        let inner = Inner {
            stages: None,
            outlets: Vec::new(),
            closing: Vec::new(),
            application: None,
            account: Account::ZERO,
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    /// Lets every event pass that the filter wants; what a configuration added stays. What there
    /// was before is the user's to drop: not under a lock.
    #[must_use = "to be dropped when no lock is held"]
    pub(crate) fn set_filter(&self, filter: Option<Filter>) -> Option<Arc<Stages>> {
        let mut inner = self.inner.lock();
        let old = inner.stages.take();
        let configured = old.as_ref().and_then(|old| old.configured.clone());
        let stages = Stages {
            configured,
            checks: filter.into_iter().map(Check::Filter).collect(),
            ..Stages::default()
        };
        inner.stages = (!stages.is_empty()).then(|| Arc::new(stages));
        old
    }

    /// Changes what an event goes through.
    pub(crate) fn change_stages(&self, change: impl FnOnce(&mut Stages)) {
        let mut inner = self.inner.lock();
        let mut stages = inner.stages.as_deref().cloned().unwrap_or_default();
        change(&mut stages);
        let old = inner.stages.replace(Arc::new(stages));
        drop(inner);
        drop(old);
    }

    /// Sets what a configuration adds to what an event goes through.
    pub(crate) fn configure(&self, config: &RetransmitterConfig) {
        let configured = Box::new(config.stages());
        self.change_stages(|stages| stages.configured = Some(configured));
    }

    /// Puts a configuration's limits over those of the listeners it names.
    pub(crate) fn configure_listeners(&self, config: &Config) {
        let inner = self.inner.lock();
        for outlet in inner
            .outlets
            .iter()
            .filter(|outlet| outlet.port.scope() == 0)
        {
            outlet.port.configure(config);
        }
    }

    pub(crate) fn stages(&self) -> Option<Arc<Stages>> {
        self.inner.lock().stages.clone()
    }

    /// Begins a new run: the account starts again, nobody listens yet, and this event comes first
    /// for everybody.
    pub(crate) fn begin(&self, application: Slice) {
        self.clear();
        let mut inner = self.inner.lock();
        inner.application = Some(application);
        inner.account = Account::ZERO;
    }

    /// Adds a listener; its account starts now.
    pub(crate) fn add(&self, port: Arc<Port>) {
        let mut inner = self.inner.lock();
        let replayed = inner.application.is_some();
        if let Some(application) = &inner.application {
            port.greet(application);
        }
        let before = inner.account;
        inner.outlets.push(Outlet {
            port,
            before,
            replayed,
        });
        let added = inner.outlets.last().map(|outlet| Arc::clone(&outlet.port));
        drop(inner);
        // Settings may have changed while it was made, when nobody could find it here.
        added.iter().for_each(|port| port.replace_if_stale());
    }

    /// Lets a listener be made anew, by settings that have changed.
    pub(crate) fn replace(&self, id: ListenerId) {
        if let Some(port) = self.ports().iter().find(|port| port.id() == id) {
            port.replace_if_stale();
        }
    }

    /// Lets a listener end; it still gets what waits in its queue. False if it is not here.
    pub(crate) fn remove(&self, id: ListenerId) -> bool {
        // Behind a port may be the user's code: dropped after the lock is let go.
        let _ended: Vec<Arc<Port>>;
        let mut inner = self.inner.lock();
        _ended = inner
            .closing
            .extract_if(.., |port| port.has_ended())
            .collect();
        let Some(at) = inner
            .outlets
            .iter()
            .position(|outlet| outlet.port.id() == id)
        else {
            return false;
        };
        let port = inner.outlets.remove(at).port;
        port.begin_close(Deadline::after(LAST_FLUSH));
        inner.closing.push(port);
        true
    }

    /// Forgets the listeners and lets them end.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner.lock();
        let outlets = std::mem::take(&mut inner.outlets);
        let closing = std::mem::take(&mut inner.closing);
        drop(inner);
        drop(closing);
        for outlet in outlets {
            outlet.port.begin_close(Deadline::after(LAST_FLUSH));
        }
    }

    /// The listeners, and those that were removed and are still at it.
    pub(crate) fn all_ports(&self) -> Vec<Arc<Port>> {
        let closing = self.inner.lock().closing.clone();
        self.ports().into_iter().chain(closing).collect()
    }

    pub(crate) fn ports(&self) -> Vec<Arc<Port>> {
        self.inner
            .lock()
            .outlets
            .iter()
            .map(|outlet| Arc::clone(&outlet.port))
            .collect()
    }

    /// Passes a batch of one recorder's events on. The stages are the user's code: they run without
    /// the lock.
    pub(crate) fn pass(&self, slice: &Slice, scope: u32) {
        self.pass_quietly(slice, scope);
        self.announce();
    }

    /// The same for one of several, after which [`announce`](Self::announce) has to be called.
    pub(crate) fn pass_quietly(&self, slice: &Slice, scope: u32) {
        let wanted = self.stages().map(|stages| stages.apply(slice));
        let has_stages = wanted.is_some();
        self.give(slice, wanted.as_ref(), scope, &[]);
        if has_stages {
            // The next one may be long in coming: what it goes through is the user's code.
            self.announce();
        }
    }

    /// Tells the listeners' threads of what was passed and handed out. Without the lock: on one core
    /// such a thread comes in at once, and whoever wants the lock would wait for the one it drove out.
    pub(crate) fn announce(&self) {
        self.ports().iter().for_each(|port| port.announce());
    }

    /// Passes on what met the conditions already, and counts what came with it and was lost.
    pub(crate) fn pass_copies(&self, events: Vec<Event>, lost: &[(DropReason, u64)]) {
        let slice = Slice::of_copies(events);
        let shaped = self.stages().map(|stages| stages.shape(slice.clone()));
        self.give(&slice, shaped.as_ref(), 0, lost);
        self.announce();
    }

    /// Queues what is wanted of a slice, or all of it, for the listeners.
    fn give(&self, slice: &Slice, wanted: Option<&Slice>, scope: u32, lost: &[(DropReason, u64)]) {
        let wanted = wanted.unwrap_or(slice);
        let mut inner = self.inner.lock();
        let greeting = slice.len() == 1 && slice.iter().all(is_application);
        if greeting {
            inner.application = Some(slice.clone());
        }
        if scope == 0 {
            let account = &mut inner.account;
            account.created += slice.len() as u64;
            account.lose(DropReason::Filtered, (slice.len() - wanted.len()) as u64);
            for (reason, count) in lost {
                account.created += count;
                account.lose(*reason, *count);
            }
        }
        if wanted.len() == 0 {
            return;
        }
        let mut much = false;
        for outlet in inner
            .outlets
            .iter()
            .filter(|outlet| outlet.port.scope() == scope)
        {
            match greeting {
                true => outlet.port.greet(wanted),
                false => much |= outlet.port.push_quietly(wanted.clone()),
            }
        }
        drop(inner);
        if much {
            self.announce();
        }
    }

    /// Counts records that were lost before they could be passed.
    pub(crate) fn lost(&self, lost: &Account) {
        let mut inner = self.inner.lock();
        inner.account = inner.account.plus(lost);
    }

    /// Every listener's account, held against what came in so far or, where the caller knows of
    /// more, against that. Also that account.
    pub(crate) fn reports(
        &self,
        now: impl FnOnce(Account) -> Account,
    ) -> (Vec<ListenerReport>, Account) {
        let inner = self.inner.lock();
        let now = now(inner.account);
        let on_the_way = now.undecided().saturating_sub(inner.account.undecided());
        let outlets = inner
            .outlets
            .iter()
            .filter(|outlet| outlet.port.scope() == 0);
        (
            outlets
                .map(|outlet| outlet.report(&now, on_the_way))
                .collect(),
            now,
        )
    }

    /// Puts the listeners that are stuck into quarantine, also while nothing is passed.
    pub(crate) fn check(&self) {
        let inner = self.inner.lock();
        inner.outlets.iter().for_each(|outlet| outlet.port.check());
    }

    /// Lets the listener that keeps most records from coming home give them up.
    pub(crate) fn shed(&self) {
        if let Some(port) = self
            .slowest()
            .filter(|port| port.pending() >= WORTH_SHEDDING)
        {
            port.shed();
        }
    }

    /// The listener that most waits for, here or behind a retransmitter.
    pub(crate) fn slowest(&self) -> Option<Arc<Port>> {
        let slowest = |port: Arc<Port>| port.slowest_behind().into_iter().chain([port]);
        let ports = self.ports().into_iter().flat_map(slowest);
        ports.max_by_key(|port| port.pending())
    }

    /// Gives every listener a snapshot, to be taken after what was passed so far and
    /// [announced](Self::announce).
    pub(crate) fn hand_out_snapshot(&self, snapshot: &Snapshot) {
        let ports = self.ports();
        let of_process = ports.iter().filter(|port| port.scope() == 0);
        of_process.for_each(|port| port.hand_out(snapshot));
    }

    /// Asks every listener to flush once it has taken what was passed so far.
    pub(crate) fn start_flush(&self, ticket: FlushTicket) -> Vec<Arc<Port>> {
        let ports = self.ports();
        for port in &ports {
            port.start_flush(ticket);
        }
        ports
    }
}

impl Account {
    pub(crate) const ZERO: Self = Self {
        created: 0,
        lost: Losses::NONE,
    };

    /// Adds to what was lost, not to what was created.
    pub(crate) fn lose(&mut self, reason: DropReason, count: u64) {
        self.lost.add(reason, count);
    }

    /// Records that no loss is known of.
    fn undecided(&self) -> u64 {
        self.created.saturating_sub(self.lost.total())
    }

    /// Only what was lost, as created and lost at once.
    pub(crate) fn losses(&self) -> Self {
        Self {
            created: self.lost.total(),
            ..*self
        }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            created: self.created.saturating_add(other.created),
            lost: self.lost.plus(&other.lost),
        }
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            created: self.created.saturating_sub(before.created),
            lost: self.lost.since(&before.lost),
        }
    }
}

impl Outlet {
    fn report(&self, now: &Account, on_the_way: u64) -> ListenerReport {
        let mut report = self.port.report();
        let since = now.since(&self.before);
        report.created += since.created + u64::from(self.replayed);
        report.pending += on_the_way;
        report.lose(&since.lost);
        report
    }
}

impl fmt::Debug for FanOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner.lock();
        f.debug_struct("FanOut")
            .field("listeners", &inner.outlets.len())
            .field("account", &inner.account)
            .finish()
    }
}

/// The time a listener has for its last flush when it is removed.
const LAST_FLUSH: Duration = Duration::from_secs(2);
/// Where nobody has so many events waiting, it is not the queues that keep the records: a listener
/// may have kept batches.
const WORTH_SHEDDING: u64 = 1024;

//! One stream to many listeners: what the bus and every [`Retransmitter`](crate::Retransmitter)
//! are made of.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::bus::port::{FlushTicket, Port};
use crate::bus::report::{DropReason, ListenerReport};
use crate::event::Event;
use crate::event::batch::Slice;
use crate::life::ListenerId;

type Filter = Box<dyn Fn(&Event) -> bool + Send + Sync>;

/// A filter and the listeners behind it, with the account of what came in.
pub(crate) struct FanOut {
    inner: Mutex<Inner>,
}

struct Inner {
    filter: Option<Arc<Filter>>,
    outlets: Vec<Outlet>,
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
    /// Of these, lost before they came: the thread's ring was full.
    pub(crate) ring_full: u64,
    /// Of these, closed while gomon was disabled.
    pub(crate) disabled: u64,
    /// Of these, not wanted by the filter.
    pub(crate) filtered: u64,
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
            filter: None,
            outlets: Vec::new(),
            application: None,
            account: Account::ZERO,
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    pub(crate) fn set_filter(&self, filter: impl Fn(&Event) -> bool + Send + Sync + 'static) {
        self.inner.lock().filter = Some(Arc::new(Box::new(filter)));
    }

    /// Begins a new run: the account starts again, and this event comes first for every listener.
    pub(crate) fn begin(&self, application: Option<Slice>) {
        let mut inner = self.inner.lock();
        inner.application = application;
        inner.account = Account::default();
    }

    /// Adds a listener; its account starts now.
    pub(crate) fn add(&self, port: Arc<Port>) {
        let mut inner = self.inner.lock();
        let replayed = inner.application.is_some();
        if let Some(application) = &inner.application {
            port.push(application.clone());
        }
        let before = inner.account;
        inner.outlets.push(Outlet {
            port,
            before,
            replayed,
        });
    }

    pub(crate) fn remove(&self, id: ListenerId) -> Option<Arc<Port>> {
        let mut inner = self.inner.lock();
        let at = inner
            .outlets
            .iter()
            .position(|outlet| outlet.port.id() == id)?;
        Some(inner.outlets.remove(at).port)
    }

    /// Forgets listeners and filter.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner.lock();
        let outlets = std::mem::take(&mut inner.outlets);
        inner.filter = None;
        drop(inner);
        for outlet in outlets {
            outlet.port.begin_close();
        }
    }

    pub(crate) fn ports(&self) -> Vec<Arc<Port>> {
        self.inner
            .lock()
            .outlets
            .iter()
            .map(|outlet| Arc::clone(&outlet.port))
            .collect()
    }

    /// Passes a batch of one recorder's events on. The filter is the user's code: it runs without
    /// the lock, and an event on which it panics is kept, as the application event always is.
    pub(crate) fn pass(&self, slice: &Slice, scope: u32) {
        let filter = self.inner.lock().filter.clone();
        let wanted = filter.map(|filter| {
            slice.filtered(|event| {
                let verdict = std::panic::AssertUnwindSafe(|| filter(event));
                is_application(event) || std::panic::catch_unwind(verdict).unwrap_or(true)
            })
        });
        let wanted = wanted.as_ref().unwrap_or(slice);
        let mut inner = self.inner.lock();
        if slice.len() == 1 && slice.iter().all(is_application) {
            inner.application = Some(slice.clone());
        }
        if scope == 0 {
            inner.account.created += slice.len() as u64;
            inner.account.filtered += (slice.len() - wanted.len()) as u64;
        }
        if wanted.len() > 0 {
            for outlet in inner
                .outlets
                .iter()
                .filter(|outlet| outlet.port.scope() == scope)
            {
                outlet.port.push(wanted.clone());
            }
        }
    }

    /// Counts records that were lost before they could be passed.
    pub(crate) fn lost(&self, ring_full: u64, disabled: u64) {
        let mut inner = self.inner.lock();
        inner.account.created += ring_full + disabled;
        inner.account.ring_full += ring_full;
        inner.account.disabled += disabled;
    }

    pub(crate) fn account(&self) -> Account {
        self.inner.lock().account
    }

    /// Every listener's account. `now` is the account to hold against, where the caller knows more
    /// than came in here yet.
    pub(crate) fn reports(&self, now: Option<Account>) -> Vec<ListenerReport> {
        let inner = self.inner.lock();
        let now = now.unwrap_or(inner.account);
        inner
            .outlets
            .iter()
            .filter(|outlet| outlet.port.scope() == 0)
            .map(|outlet| outlet.report(now))
            .collect()
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

impl Outlet {
    fn report(&self, now: Account) -> ListenerReport {
        let mut report = self.port.report();
        report.created = now.created.saturating_sub(self.before.created) + u64::from(self.replayed);
        let before_fan_out = [
            (DropReason::QueueFull, now.ring_full - self.before.ring_full),
            (DropReason::Disabled, now.disabled - self.before.disabled),
            (DropReason::Filtered, now.filtered - self.before.filtered),
        ];
        for (reason, count) in before_fan_out {
            add(&mut report.dropped, reason, count);
        }
        report
    }
}

fn is_application(event: &Event) -> bool {
    event.record.flags.application
}

pub(crate) fn add(dropped: &mut Vec<(DropReason, u64)>, reason: DropReason, count: u64) {
    if count == 0 {
        return;
    }
    match dropped.iter_mut().find(|entry| entry.0 == reason) {
        Some(entry) => entry.1 += count,
        None => dropped.push((reason, count)),
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

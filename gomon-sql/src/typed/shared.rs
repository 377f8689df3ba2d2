//! What the clones of a monitored pool share.
//!
//! When are the events of this file sent? `sql-pool` every ten seconds once the pool was used, and `sql-leak` for a connection that
//! has been held for a minute, once; how long each takes can be set.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use gomon_core::probe::{self, Probe};
use gomon_core::{Context, EventTracker, execution_id, is_enabled, monotonic};
use parking_lot::Mutex;
use sqlx_core::pool::Pool;

use super::db::MonitoredDb;
use super::explainer::Explainer;
use crate::config::SqlConfig;
use crate::engine::Engine;
use crate::housekeeping::{self, Watched};
use crate::keys::{self, fp};
use crate::pool::{Holders, Waits};

pub(super) struct Shared<DB: MonitoredDb> {
    pub(super) inner: Pool<DB>,
    pub(super) config: SqlConfig,
    pub(super) engine: &'static Engine,
    /// How many wait for a connection.
    pub(super) waiting: AtomicUsize,
    pub(super) holders: Arc<Holders>,
    pub(super) waits: Waits,
    /// Where its samples belong, since it was used first.
    home: OnceLock<Context>,
    watched: AtomicBool,
    next_sample: Mutex<Duration>,
    /// What it can be asked at any time; `None` where there are too many probes.
    _probe: Option<Probe>,
}

impl<DB: MonitoredDb> Shared<DB> {
    pub(super) fn new(inner: Pool<DB>, config: SqlConfig) -> Arc<Self> {
        let config = match config.settings().explained_every {
            Some(every) => {
                let explainer = Explainer::<DB>::new(inner.clone(), every);
                config.explained_by(Arc::new(explainer))
            }
            None => config,
        };
        let is_on = is_enabled() && execution_id().is_some();
        if is_on && config.settings().finds_callers {
            housekeeping::warm_up();
        }
        let engine = DB::engine_for(&inner.connect_options());
        Arc::new_cyclic(|weak| Self {
            _probe: probe_of(weak, engine, config.pool_name()),
            engine,
            inner,
            config,
            waiting: AtomicUsize::new(0),
            holders: Arc::default(),
            waits: Waits::default(),
            home: OnceLock::new(),
            watched: AtomicBool::new(false),
            next_sample: Mutex::default(),
        })
    }

    /// It is used, and recorded: from now on it is sampled.
    pub(super) fn used(self: &Arc<Self>) {
        if self.watched.load(Relaxed) || self.watched.swap(true, Relaxed) {
            return;
        }
        self.home.get_or_init(Context::application);
        let every = self.config.settings().sampled_every;
        *self.next_sample.lock() = monotonic().saturating_add(every);
        let weak = Arc::downgrade(self);
        if !housekeeping::watch(weak) {
            self.watched.store(false, Relaxed); // the next who uses it tries again
        }
    }

    pub(super) fn idle(&self) -> u32 {
        idle(self.inner.size(), self.inner.num_idle())
    }

    /// Tells which pool it is.
    pub(super) fn tell(&self, event: &mut EventTracker) {
        self.engine.tell(event);
        if let Some(name) = self.config.pool_name() {
            event.set(keys::POOL, name);
        }
    }

    fn sample(&self, home: Context) {
        let mut sample = EventTracker::in_context(fp::POOL, home);
        self.tell(&mut sample);
        sample
            .set(keys::SIZE, self.inner.size())
            .set(keys::IDLE, self.idle())
            .set(keys::WAITING, self.waiting.load(Relaxed) as u64)
            .set(keys::MAX, self.inner.options().get_max_connections());
        if let Some(p99) = self.waits.take_p99() {
            sample.set(keys::ACQUIRE_P99, p99);
        }
    }
}

impl<DB: MonitoredDb> Watched for Shared<DB> {
    fn look(&self, now: Duration) -> Duration {
        let Some(home) = self.home.get() else {
            return Duration::MAX;
        };
        let settings = self.config.settings();
        for holder in self.holders.forgotten(now, settings.leak_after) {
            let mut finding = EventTracker::in_context(fp::LEAK, *home);
            self.tell(&mut finding);
            holder.tell(&mut finding, now);
        }
        let mut next_sample = self.next_sample.lock();
        if *next_sample <= now {
            self.sample(*home);
            *next_sample = now.saturating_add(settings.sampled_every);
        }
        let next_look = now + settings.leak_after.min(BETWEEN_LOOKS);
        next_look.min(*next_sample)
    }
}

/// The idle connections of a pool of that size. sqlx's own count is off for a moment while a connection is given back, and wraps
/// below zero then.
fn idle(size: u32, counted: usize) -> u32 {
    u32::try_from(counted).unwrap_or(0).min(size)
}

/// Its figures, for whoever asks for them: `/gomon/stats`, for one.
fn probe_of<DB: MonitoredDb>(
    pool: &Weak<Shared<DB>>,
    engine: &Engine,
    name: Option<&str>,
) -> Option<Probe> {
    let name = name.unwrap_or(match engine.system {
        "" => "any",
        system => system,
    });
    let probe = probe::register_next(format!("sql-pool-{name}")).ok()?;
    let gauge = |read: fn(&Shared<DB>) -> f64| {
        let pool = Weak::clone(pool);
        move || pool.upgrade().map_or(0.0, |pool| read(&pool))
    };
    probe
        .gauge(keys::SIZE, gauge(|pool| f64::from(pool.inner.size())))
        .gauge(keys::IDLE, gauge(|pool| f64::from(pool.idle())))
        .gauge(
            keys::WAITING,
            gauge(|pool| pool.waiting.load(Relaxed) as f64),
        )
        .gauge(
            keys::MAX,
            gauge(|pool| f64::from(pool.inner.options().get_max_connections())),
        );
    Some(probe)
}

/// A connection that is held for a minute is found out a second late at the most.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::idle;

    #[test]
    fn a_count_that_is_off_is_no_number_of_connections() {
        let counted = [0, 2, 3, 4, usize::MAX].map(|counted| idle(3, counted));
        assert_eq!(counted, [0, 2, 3, 3, 0]);
    }
}

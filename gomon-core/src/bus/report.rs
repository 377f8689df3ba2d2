use std::fmt;
use std::time::Duration;

use crate::bus::reason::{DropReason, Losses};
use crate::event::value::Tree;
use crate::keys;

/// Where every record went: for each listener, at any quiet moment,
/// `created = delivered + dropped + pending`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Records of the process so far, the application event included; an opening and a closing
    /// event are two.
    pub created: u64,
    /// Events that were finished after the shutdown, which no listener can get any more.
    pub after_shutdown: u64,
    /// In a forked child, events that ended since gomon was found to have no threads there; a child
    /// has no other account.
    pub fork_child: u64,
    /// Each listener's account.
    pub listeners: Vec<ListenerReport>,
    /// Time the bus and the listeners were busy in this run, in nanoseconds, all of it on threads
    /// of gomon's own.
    pub spent_nanos: u64,
}

/// One listener's account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenerReport {
    /// Its name.
    pub name: String,
    /// Records since it was added, the application event included.
    pub created: u64,
    /// Records it took.
    pub delivered: u64,
    /// Records that wait for it: in its queue, and in the rings before that.
    pub pending: u64,
    /// What its queue keeps in memory, in bytes.
    pub pending_bytes: u64,
    /// Records it did not get, by reason; reasons without a loss are left out.
    pub dropped: Vec<(DropReason, u64)>,
    /// The most records that ever waited in its queue.
    pub queue_high_water: u64,
    /// The last error it returned.
    pub last_error: Option<String>,
    /// How long it has been getting nothing because it was stuck or panicked too often; `None`
    /// while it is well.
    pub quarantined_for: Option<Duration>,
    /// How often it was put into quarantine.
    pub quarantines: u64,
}

impl Report {
    /// What all listeners together took.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.listeners
            .iter()
            .map(|listener| listener.delivered)
            .sum()
    }

    /// What all listeners together did not get.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.listeners
            .iter()
            .map(ListenerReport::total_dropped)
            .sum()
    }

    /// The `listeners` attribute of `gomon-self` and `application-end`. `extra` is counted as
    /// created and delivered beyond what was counted: the event that carries the report.
    pub(crate) fn listeners_tree(&self, extra: u64) -> Tree {
        let accounts = self.listeners.iter().map(|listener| {
            let dropped = listener
                .dropped
                .iter()
                .fold(Tree::map(), |dropped, (reason, count)| {
                    dropped.with(reason.as_str(), *count)
                });
            let account = Tree::map()
                .with(keys::NAME, listener.name.clone())
                .with(keys::CREATED, listener.created + extra)
                .with(keys::DELIVERED, listener.delivered + extra)
                .with(keys::DROPPED, dropped)
                .with(keys::PENDING, listener.pending)
                .with(keys::BYTES, listener.pending_bytes)
                .with(keys::QUEUE_HIGH_WATER, listener.queue_high_water)
                .with(keys::QUARANTINES, listener.quarantines);
            match listener.quarantined_for {
                Some(time) => account.with(keys::QUARANTINED, nanos(time)),
                None => account,
            }
        });
        Tree::List(accounts.collect())
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl ListenerReport {
    /// What it did not get, for whatever reason.
    #[must_use]
    pub fn total_dropped(&self) -> u64 {
        self.dropped.iter().map(|(_, count)| count).sum()
    }

    /// What it did not get for one reason.
    #[must_use]
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        let of_reason = self.dropped.iter().filter(|(other, _)| *other == reason);
        of_reason.map(|(_, count)| count).sum()
    }

    /// What is missing in the account: `created` less `delivered`, dropped and `pending`. It is 0
    /// whenever nothing is on its way between two counts.
    #[must_use]
    pub fn balance(&self) -> i128 {
        let known = self.delivered + self.total_dropped() + self.pending;
        i128::from(self.created) - i128::from(known)
    }

    /// Adds to what it did not get.
    pub(crate) fn lose(&mut self, more: &Losses) {
        let mut losses = *more;
        for (reason, count) in &self.dropped {
            losses.add(*reason, *count);
        }
        self.dropped = losses.iter().collect();
    }
}

/// One line for people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events created", self.created)?;
        for listener in &self.listeners {
            write!(
                f,
                "; {}: {} delivered, {} dropped",
                listener.name,
                listener.delivered,
                listener.total_dropped()
            )?;
            for (at, (reason, count)) in listener.dropped.iter().enumerate() {
                write!(f, "{}{reason} {count}", if at == 0 { " (" } else { ", " })?;
            }
            if !listener.dropped.is_empty() {
                write!(f, ")")?;
            }
            if let Some(time) = listener.quarantined_for {
                write!(f, ", in quarantine for {time:.1?}")?;
            }
            if listener.pending > 0 {
                write!(f, ", {} pending", listener.pending)?;
            }
        }
        if self.after_shutdown > 0 {
            write!(f, "; {} ended after the shutdown", self.after_shutdown)?;
        }
        Ok(())
    }
}

use std::fmt;

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
}

/// Why a listener did not get a record. The set is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// A thread's ring or the listener's queue had no place.
    QueueFull,
    /// The listener's queue held too many bytes.
    BytesFull,
    /// gomon was disabled when the event ended.
    Disabled,
    /// Its trace was not among those that sampling keeps.
    SampledOut,
    /// A condition, a map or a limit of a retransmitter left it out.
    Filtered,
    /// The listener returned an error.
    ListenerError,
    /// The listener panicked.
    ListenerPanic,
    /// The listener did not get to it before the shutdown's deadline.
    ShutdownTimeout,
}

impl DropReason {
    pub(crate) const ALL: [Self; 8] = [
        Self::QueueFull,
        Self::BytesFull,
        Self::Disabled,
        Self::SampledOut,
        Self::Filtered,
        Self::ListenerError,
        Self::ListenerPanic,
        Self::ShutdownTimeout,
    ];

    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The name used in `gomon-self`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::BytesFull => "bytes_full",
            Self::Disabled => "disabled",
            Self::SampledOut => "sampled_out",
            Self::Filtered => "filtered",
            Self::ListenerError => "listener_error",
            Self::ListenerPanic => "listener_panic",
            Self::ShutdownTimeout => "shutdown_timeout",
        }
    }
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
            Tree::map()
                .with(keys::NAME, listener.name.clone())
                .with(keys::CREATED, listener.created + extra)
                .with(keys::DELIVERED, listener.delivered + extra)
                .with(keys::DROPPED, dropped)
                .with(keys::PENDING, listener.pending)
                .with(keys::BYTES, listener.pending_bytes)
                .with(keys::QUEUE_HIGH_WATER, listener.queue_high_water)
        });
        Tree::List(accounts.collect())
    }
}

impl ListenerReport {
    /// What it did not get, for whatever reason.
    #[must_use]
    pub fn total_dropped(&self) -> u64 {
        self.dropped.iter().map(|(_, count)| count).sum()
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

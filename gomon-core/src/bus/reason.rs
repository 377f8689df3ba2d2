use std::fmt;

/// Why a listener did not get a record. The set is closed.
///
/// A listener names a reason of its own by [`ListenerError::because`](crate::ListenerError::because).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// A thread's ring or the listener's queue had no place.
    QueueFull,
    /// The records on their way, or the listener's queue, held too many bytes.
    BytesFull,
    /// gomon was disabled when the event ended.
    Disabled,
    /// Its trace was not among those that sampling keeps.
    SampledOut,
    /// A condition, a map or a limit of a retransmitter left it out; or it was a line of a log, and
    /// there were more of them than [`logs`](crate::logs) lets pass in a second.
    Filtered,
    /// The listener cannot take a record of that size.
    Oversize,
    /// The listener returned an error.
    ListenerError,
    /// The listener panicked.
    ListenerPanic,
    /// The listener was in quarantine: it was stuck, or had panicked too often.
    Quarantined,
    /// The receiver refused it for good, such as a collector with a status of 400.
    Rejected,
    /// It became too old before it could be sent.
    Expired,
    /// The store of what waits to be sent was full.
    SpoolFull,
    /// The store of what waits to be sent could not be written or read.
    SpoolIo,
    /// The store of what waits to be sent was damaged.
    SpoolCorrupt,
    /// The listener did not get to it before the shutdown's deadline.
    ShutdownTimeout,
    /// It came when the listener had ended.
    AfterShutdown,
    /// It came about in a forked child, which has none of gomon's threads.
    ForkChild,
    /// The listener could not encode it.
    EncodeError,
}

impl DropReason {
    /// Every reason, in the order in which reports list them.
    pub const ALL: [Self; 18] = [
        Self::QueueFull,
        Self::BytesFull,
        Self::Disabled,
        Self::SampledOut,
        Self::Filtered,
        Self::Oversize,
        Self::ListenerError,
        Self::ListenerPanic,
        Self::Quarantined,
        Self::Rejected,
        Self::Expired,
        Self::SpoolFull,
        Self::SpoolIo,
        Self::SpoolCorrupt,
        Self::ShutdownTimeout,
        Self::AfterShutdown,
        Self::ForkChild,
        Self::EncodeError,
    ];

    /// The name used in `gomon-self`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::BytesFull => "bytes_full",
            Self::Disabled => "disabled",
            Self::SampledOut => "sampled_out",
            Self::Filtered => "filtered",
            Self::Oversize => "oversize",
            Self::ListenerError => "listener_error",
            Self::ListenerPanic => "listener_panic",
            Self::Quarantined => "quarantined",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::SpoolFull => "spool_full",
            Self::SpoolIo => "spool_io",
            Self::SpoolCorrupt => "spool_corrupt",
            Self::ShutdownTimeout => "shutdown_timeout",
            Self::AfterShutdown => "after_shutdown",
            Self::ForkChild => "fork_child",
            Self::EncodeError => "encode_error",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Records that were lost, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses([u64; DropReason::ALL.len()]);

impl Losses {
    pub(crate) const NONE: Self = Self([0; DropReason::ALL.len()]);

    pub(crate) fn add(&mut self, reason: DropReason, count: u64) {
        // The reasons are declared in the order of `ALL`.
        if let Some(place) = self.0.get_mut(reason as usize) {
            *place += count;
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that there were, in the order of [`DropReason::ALL`].
    pub(crate) fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        let all = DropReason::ALL.into_iter().zip(self.0);
        all.filter(|(_, count)| *count > 0)
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        self.zip(before, u64::saturating_sub)
    }

    fn zip(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        let mut sum = *self;
        for (place, other) in sum.0.iter_mut().zip(other.0) {
            *place = f(*place, other);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_counted_under_its_own_name() {
        let mut losses = Losses::NONE;
        for (count, reason) in (1..).zip(DropReason::ALL) {
            losses.add(reason, count);
        }
        let expected: Vec<_> = DropReason::ALL.into_iter().zip(1..).collect();
        assert_eq!(losses.iter().collect::<Vec<_>>(), expected);
        let names: std::collections::HashSet<_> = DropReason::ALL.map(DropReason::as_str).into();
        assert_eq!(names.len(), DropReason::ALL.len());
    }

    #[test]
    fn losses_are_added_and_taken_apart() {
        let (mut one, mut two) = (Losses::NONE, Losses::NONE);
        one.add(DropReason::Filtered, 2);
        two.add(DropReason::Filtered, 3);
        two.add(DropReason::Expired, 1);
        assert_eq!(one.plus(&two).total(), 6);
        assert_eq!(one.plus(&two).since(&one), two);
    }
}

//! Facts about a record that are true or false.

/// A set of facts, in one word: it travels with the record to the bus, which needs no look at the record for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u16);

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    /// This is the opening event.
    pub(crate) const OPENING: Self = Self(1);
    /// It is registered as a unit of work.
    pub(crate) const UNIT: Self = Self(1 << 1);
    /// That its thread unwinds says nothing about it: the thread did when it was created, or somebody else has judged.
    pub(crate) const IGNORES_UNWINDING: Self = Self(1 << 2);
    /// Its opening event was sent.
    pub(crate) const OPENED: Self = Self(1 << 3);
    /// Its trace id was drawn by this process.
    pub(crate) const OWN_TRACE: Self = Self(1 << 4);
    /// An event that always has a cause had none.
    pub(crate) const ORPHAN: Self = Self(1 << 5);
    /// It is the application event itself, which has no parent.
    pub(crate) const APPLICATION: Self = Self(1 << 6);
    /// It is the first event of its trace in this process: with it the local trace ends.
    pub(crate) const LOCAL_ROOT: Self = Self(1 << 7);
    /// The caller in another process says that it records the trace, and is believed.
    pub(crate) const CALLER_SAMPLED: Self = Self(1 << 8);
    /// Its trace is not recorded: it only stands for the ids.
    pub(crate) const SAMPLED_OUT: Self = Self(1 << 9);
    /// It sent an opening event while gomon samples heads, or happened in one that had: it is recorded whatever the ratio
    /// says, and stands for itself alone.
    pub(crate) const UNSAMPLED: Self = Self(1 << 10);
    /// It is no event, but attributes for the open event of the same span.
    pub(crate) const MESSAGE: Self = Self(1 << 11);
    /// One of its keys may be a label of the aggregates.
    pub(crate) const LABELLED: Self = Self(1 << 12);
    /// Something lies beside the record. Said by [`Brief`](super::handed::Brief)s only.
    pub(crate) const BESIDE: Self = Self(1 << 13);

    /// It is a span of `tracing`, or what was said in one: who emits events there leaves it out.
    #[cfg(feature = "tracing")]
    pub(crate) const OF_TRACING: Self = Self(1 << 14);

    /// A live switch keeps it, whatever the samplers say.
    pub(crate) const KEPT: Self = Self(1 << 15);

    #[inline]
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    #[inline]
    pub(crate) const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    #[inline]
    pub(crate) const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    #[inline]
    pub(crate) const fn add(&mut self, others: Self) {
        self.0 |= others.0;
    }

    pub(crate) const fn remove(&mut self, others: Self) {
        self.0 &= !others.0;
    }

    #[inline]
    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// What of an event's is true of what is made in it.
    #[inline]
    pub(crate) const fn of_child(self) -> Self {
        Self(self.0 & (Self::OWN_TRACE.0 | Self::UNSAMPLED.0))
    }

    /// These if it holds, else none.
    #[inline]
    pub(crate) fn when(self, holds: bool) -> Self {
        // Without a branch.
        Self(self.0 * u16::from(holds))
    }
}

use crate::wait::kind::{Kind, PerKind};

/// The open leaf waits of a unit, counted by kind. A wait that others are open inside of is no
/// leaf. There is an end to counting, at [`u16::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leaves(PerKind<u16>);

impl Leaves {
    pub(crate) fn one(kind: Kind) -> Self {
        let mut leaves = Self::default();
        *leaves.0.of_mut(kind) = 1;
        leaves
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// The first kind that there is one of.
    pub(crate) fn first(&self) -> Option<Kind> {
        let mut open = self.0.iter().filter(|(_, count)| *count > 0);
        open.next().map(|(kind, _)| kind)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (kind, count) in other.0.iter() {
            let sum = self.0.of_mut(kind);
            *sum = sum.saturating_add(count);
        }
    }

    pub(crate) fn remove(&mut self, other: &Self) {
        for (kind, count) in other.0.iter() {
            let rest = self.0.of_mut(kind);
            *rest = rest.saturating_sub(count);
        }
    }

    /// Adds a stretch of time to what was waited for, in equal shares; what does not divide goes
    /// to the first. False if nothing is open that could take it.
    pub(crate) fn share(&self, ticks: u64, waited: &mut PerKind<u64>) -> bool {
        let count: u64 = self.0.iter().map(|(_, count)| u64::from(count)).sum();
        if count == 0 {
            return false;
        }
        let mut rest = ticks % count;
        for (kind, of_kind) in self.0.iter().filter(|(_, count)| *count > 0) {
            *waited.of_mut(kind) += ticks / count * u64::from(of_kind) + rest;
            rest = 0;
        }
        true
    }
}

#[cfg(feature = "test-util")]
use crate::clock::manual;
use crate::clock::{self, Stamp};

/// Which clock the events of a recorder, or of the process, go by. Without the feature `test-util`
/// there is one, and this is nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    #[cfg(feature = "test-util")]
    scope: u32,
}

impl Source {
    /// That of the process.
    pub(crate) const PROCESS: Self = Self::of(0);

    #[inline(always)]
    pub(crate) const fn of(scope: u32) -> Self {
        #[cfg(not(feature = "test-util"))]
        let _ = scope;
        Self {
            #[cfg(feature = "test-util")]
            scope,
        }
    }

    /// What it says now.
    #[inline(always)]
    pub(crate) fn now(self) -> Stamp {
        self.instead_of(clock::now())
    }

    /// What it says where the process's clock has just said that.
    #[inline(always)]
    pub(crate) fn instead_of(self, now: Stamp) -> Stamp {
        #[cfg(feature = "test-util")]
        if let Some(stamp) = manual::read(self.scope) {
            return stamp;
        }
        now
    }
}

#[cfg(not(feature = "test-util"))]
const _: () = assert!(
    size_of::<Source>() == 0,
    "it costs nothing where it says nothing"
);

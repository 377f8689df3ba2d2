//! What a unit of work takes beside time, where that is asked for.

use crate::keys;
use crate::segment::spent::{Mark, Measures, Spent};
use crate::switch;
use crate::tracker::EventTracker;

/// The CPU time and the allocations of all polls so far.
#[derive(Debug, Default)]
pub(super) struct Profile {
    spent: Spent,
    /// The wrapper asks; else it is for a live switch to say.
    is_wanted: bool,
}

impl Profile {
    /// For a unit whose wrapper asks for it.
    pub(super) fn wanted() -> Self {
        Self {
            is_wanted: true,
            ..Self::default()
        }
    }

    /// For a unit that a switch asks for, or may ask for once more is known of it.
    pub(super) fn if_asked_for(tracker: &EventTracker) -> Option<Self> {
        (switch::is_any_on() && tracker.effects_ahead().profile).then(Self::default)
    }

    /// Measures a part of what belongs to `owner`. A part that panics is not counted.
    pub(super) fn measure<O, R>(
        owner: &mut O,
        profile: impl FnOnce(&mut O) -> &mut Option<Self>,
        part: impl FnOnce(&mut O) -> R,
    ) -> R {
        let mark = Measures::ALL.mark();
        let result = part(owner);
        if let (Some(mark), Some(profile)) = (mark.as_ref().map(Mark::spent), profile(owner)) {
            profile.spent = profile.spent.plus(mark);
        }
        result
    }

    /// Writes `cpu` and `allocs`, if anybody asks for them.
    pub(super) fn write(&self, tracker: &mut EventTracker) {
        let by_switch = || switch::is_any_on() && tracker.effects().profile;
        if !(self.is_wanted || by_switch()) {
            return;
        }
        if let Some(nanos) = self.spent.cpu_nanos {
            tracker.set(keys::CPU, nanos);
        }
        if let Some(allocations) = self.spent.allocations {
            tracker.set(keys::ALLOCS, allocations.tree());
        }
    }
}

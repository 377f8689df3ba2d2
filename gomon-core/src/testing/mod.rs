//! For tests: what one test makes happen, and assertions about it.
//!
//! Tests run in parallel, each with a [`Recorder`] of its own: [`with_recorder`],
//! [`with_recorder_async`].
//!
//! | assertion | about |
//! |---|---|
//! | [`assert_tree!`](crate::assert_tree) | who caused what, with outcomes and values |
//! | [`assert_queries!`](crate::assert_queries), [`assert_events!`](crate::assert_events) | how many |
//! | [`assert_outcome!`](crate::assert_outcome) | how it ended |
//! | [`assert_no_orphans!`](crate::assert_no_orphans) | that nothing lost its cause |
//! | [`assert_snapshot!`](crate::assert_snapshot) | all that is in the events, in a JSON file |
//! | [`assert_budget!`](crate::assert_budget) | what was spent: events, statements, polls, allocations, time |
//!
//! [`Wrapper`] is the kit for those who write a wrapper: whether it does all that a wrapper has to.
//!
//! The events' times are those of a [`Clock`] that the test holds, if it takes one. Each failure says
//! what happened instead.

mod bound;
mod budget;
pub(crate) mod captures;
mod check;
mod clock;
mod event_count;
mod forest;
mod keys;
pub(crate) mod losses;
mod orphans;
mod outcomes;
mod queries;
mod recorded;
mod recorder;
mod snapshot;
pub(crate) mod spent;
mod tally;
mod tree;
mod with_recorder;
pub(crate) mod wrapper;

pub use bound::Bound;
#[doc(hidden)]
pub use bound::count;
pub use budget::Budget;
#[doc(hidden)]
pub use budget::{Amount, Limit, budget_difference};
#[doc(hidden)]
pub use check::check;
pub use clock::Clock;
#[doc(hidden)]
pub use event_count::events_difference;
#[doc(hidden)]
pub use orphans::orphans_difference;
#[doc(hidden)]
pub use outcomes::outcome_difference;
pub use queries::Queries;
pub use recorded::Recorded;
pub use recorder::Recorder;
pub use snapshot::JsonSnapshot;
#[doc(hidden)]
pub use snapshot::beside;
pub use with_recorder::{with_recorder, with_recorder_async};
pub use wrapper::Wrapper;

#[doc(inline)]
pub use crate::{
    assert_budget, assert_events, assert_no_orphans, assert_outcome, assert_queries,
    assert_snapshot, assert_tree,
};

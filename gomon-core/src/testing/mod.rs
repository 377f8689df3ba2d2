//! For tests: what one test makes happen, and assertions about it. Tests run in parallel, each with
//! a [`Recorder`] of its own.

mod check;
mod forest;
mod recorded;
mod recorder;
mod tree;
mod wildcard;
mod with_recorder;

#[doc(inline)]
pub use crate::assert_tree;
#[doc(hidden)]
pub use check::check;
pub use recorded::Recorded;
pub use recorder::Recorder;
pub use with_recorder::{with_recorder, with_recorder_async};

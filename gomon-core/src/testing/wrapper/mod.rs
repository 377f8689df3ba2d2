//! Whether a wrapper does all that a wrapper has to do.
//!
//! Who writes one describes it once, as a [`Wrapper`], in a test: how to make a call that succeeds, that fails, that panics,
//! and so on. [`Wrapper::check`] then makes all of these calls, each with a recorder of its own, looks at what came of
//! them, and says everything that is missing at once, with the call that is to be added. docs/plugins.md has the list of
//! what is checked.

mod checks;
mod describe;
mod drive;
mod findings;
mod in_calls;
mod outside;
pub(crate) mod rules;
mod stage;

pub use describe::Wrapper;

//! The source itself.

#[path = "../../gomon-core/src/event/progress.rs"]
pub(crate) mod progress;

//! The sources themselves.

#[path = "../../gomon-core/src/bus/flush.rs"]
pub(crate) mod flush;
#[path = "../../gomon-core/src/bus/health.rs"]
pub(crate) mod health;
#[path = "../../gomon-core/src/bus/options.rs"]
pub(crate) mod options;
#[path = "../../gomon-core/src/bus/queue/mod.rs"]
pub(crate) mod queue;
#[path = "../../gomon-core/src/bus/reason.rs"]
pub(crate) mod reason;

//! The sources themselves, but for what the queue's options say of names.

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

pub(crate) mod listener {
    pub(crate) trait Listener {
        fn as_retransmitter(&self) -> Option<&Named> {
            None
        }
    }

    pub(crate) struct Named;

    impl Named {
        pub(crate) fn name(&self) -> &str {
            ""
        }
    }
}

//! The locks of code that is also compiled for the model checker, which has others of its own.

pub(crate) use parking_lot::{Condvar, Mutex};

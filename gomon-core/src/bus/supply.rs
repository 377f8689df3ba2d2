//! Where a listener comes from: it was given, or a factory makes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::bus::listener::{Listener, ListenerError};
use crate::context::unmonitored;
use crate::error::Error;

/// Makes a listener, each time it is called.
pub(crate) type Factory = Arc<dyn Fn() -> Result<Box<dyn Listener>, ListenerError> + Send + Sync>;

/// Boxes what a factory makes.
pub(crate) fn factory<L: Listener>(
    make: impl Fn() -> Result<L, ListenerError> + Send + Sync + 'static,
) -> Factory {
    Arc::new(move || make().map(|listener| Box::new(listener) as Box<dyn Listener>))
}

/// A listener, or what makes one.
pub(crate) enum Supply {
    Given(Box<dyn Listener>),
    Factory(Factory),
}

impl Supply {
    /// The listener, started.
    pub(crate) fn open(self, name: &str) -> Result<Opened, Error> {
        match self {
            Self::Given(mut listener) => {
                start(listener.as_mut()).map_err(|cause| error(name, cause))?;
                Ok(Opened {
                    listener,
                    factory: None,
                })
            }
            Self::Factory(factory) => Ok(Opened {
                listener: make(&factory).map_err(|cause| error(name, cause))?,
                factory: Some(factory),
            }),
        }
    }
}

/// A listener that is ready to be fed.
pub(crate) struct Opened {
    pub(crate) listener: Box<dyn Listener>,
    /// What makes it anew.
    pub(crate) factory: Option<Factory>,
}

#[cfg(any(test, feature = "test-util"))]
impl Opened {
    /// One that needs no start.
    #[cfg(feature = "test-util")]
    pub(crate) fn given(listener: impl Listener) -> Self {
        Self {
            listener: Box::new(listener),
            factory: None,
        }
    }
}

/// Calls the factory, and what it has made to start.
pub(crate) fn make(factory: &Factory) -> Result<Box<dyn Listener>, ListenerError> {
    let mut listener = guarded(|| factory())?;
    start(listener.as_mut())?;
    Ok(listener)
}

/// Calls a listener's `start`.
fn start(listener: &mut dyn Listener) -> Result<(), ListenerError> {
    guarded(|| listener.start())
}

/// What the user's code does here is not monitored, and a panic is an error.
fn guarded<R>(f: impl FnOnce() -> Result<R, ListenerError>) -> Result<R, ListenerError> {
    let called = catch_unwind(AssertUnwindSafe(|| unmonitored(f)));
    called.unwrap_or_else(|payload| {
        // It may panic again when it is dropped.
        std::mem::forget(payload);
        Err(ListenerError::new("it panicked"))
    })
}

fn error(name: &str, cause: ListenerError) -> Error {
    Error::Listener {
        name: name.to_owned(),
        cause,
    }
}

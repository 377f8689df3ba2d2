//! Where a listener comes from: it was given, or a factory makes it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::bus::listener::{Listener, ListenerError};
use crate::config::error::ConfigError;
use crate::context::unmonitored;
use crate::error::Error;
use crate::life::ListenerId;

/// Makes listeners, one each time it is asked.
pub(crate) trait Make: Send + Sync {
    /// One by the settings that hold now.
    fn make(&self) -> Result<Box<dyn Listener>, ListenerError>;

    /// Takes settings from configurations from now on, for the listener of that id.
    fn register(self: Arc<Self>, id: ListenerId) -> Result<(), ConfigError>;

    /// Takes none any more.
    fn unregister(&self);

    /// Whether other settings hold than those by which it made one last.
    fn is_stale(&self) -> bool;

    /// One by the settings by which it made one last.
    fn make_as_before(&self) -> Result<Box<dyn Listener>, ListenerError>;
}

pub(crate) type Factory = Arc<dyn Make>;

impl fmt::Debug for dyn Make {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Make")
    }
}

/// A listener, or what makes one.
pub(crate) enum Supply {
    Given(Box<dyn Listener>),
    Factory(Factory),
}

impl Supply {
    /// The listener, started.
    pub(crate) fn open(self, id: ListenerId, name: &str) -> Result<Opened, Error> {
        match self {
            Self::Given(mut listener) => {
                start(listener.as_mut()).map_err(|cause| error(name, cause))?;
                Ok(Opened {
                    listener,
                    factory: None,
                })
            }
            Self::Factory(factory) => {
                Arc::clone(&factory).register(id)?;
                Ok(Opened {
                    listener: make(&factory).map_err(|cause| error(name, cause))?,
                    factory: Some(factory),
                })
            }
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
    let mut listener = guarded(|| factory.make())?;
    start(listener.as_mut())?;
    Ok(listener)
}

/// The same by the settings of the listener before.
pub(crate) fn make_as_before(factory: &Factory) -> Result<Box<dyn Listener>, ListenerError> {
    let mut listener = guarded(|| factory.make_as_before())?;
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

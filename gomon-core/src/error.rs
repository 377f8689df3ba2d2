use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::bus::listener::ListenerError;
use crate::config::error::ConfigError;
use crate::event::limits::settings::LimitError;

/// Why gomon could not do what it was told.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// gomon is running already.
    AlreadyStarted,
    /// This needs gomon to be running.
    NotRunning,
    /// This process was forked from one in which gomon ran: none of gomon's threads are here, and
    /// locks may be held by nobody. A program that forks starts gomon in the children, and not
    /// before.
    Forked,
    /// A listener could not start.
    Listener {
        /// Its name.
        name: String,
        /// What kept it from it.
        cause: ListenerError,
    },
    /// A thread could not be started.
    Thread(io::Error),
    /// A configuration is wrong; it is refused as a whole.
    Config(ConfigError),
    /// One of the [`Limits`](crate::Limits) is out of its bounds.
    Limit {
        /// Its name.
        name: &'static str,
        /// The least and the most that it may be.
        bounds: (u32, u32),
        /// What it was to be.
        value: u32,
    },
    /// A live switch is not what one may be.
    Switch {
        /// Its name.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// A retransmitter's events would come back to it.
    Cycle {
        /// The retransmitter that was to get a listener.
        from: String,
        /// The listener.
        to: String,
    },
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Why a flush did not reach every listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// gomon is not running: there is nothing to flush.
    NotRunning,
    /// The deadline passed first. What waits still waits.
    Deadline,
    /// A listener's flush returned an error or panicked; its report has the error.
    Listener,
    /// A listener, or another of gomon's own threads, would wait for itself.
    OwnThread,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => f.write_str("gomon is running already"),
            Self::NotRunning => f.write_str("gomon is not running"),
            Self::Forked => f.write_str("gomon runs in the process that this one was forked from"),
            Self::Listener { name, cause } => write!(f, "listener {name} could not start: {cause}"),
            Self::Thread(cause) => write!(f, "a thread could not be started: {cause}"),
            Self::Config(error) => fmt::Display::fmt(error, f),
            Self::Limit {
                name,
                bounds,
                value,
            } => LimitError {
                name,
                bounds: *bounds,
                value: *value,
            }
            .fmt(f),
            Self::Switch { name, message } => write!(f, "switch {name}: {message}"),
            Self::Cycle { from, to } => {
                write!(
                    f,
                    "events of retransmitter {from} would come back to it through {to}"
                )
            }
        }
    }
}

impl From<LimitError> for Error {
    fn from(error: LimitError) -> Self {
        let LimitError {
            name,
            bounds,
            value,
        } = error;
        Self::Limit {
            name,
            bounds,
            value,
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Listener { cause, .. } => cause.source(),
            Self::Thread(cause) => cause.source(),
            Self::AlreadyStarted
            | Self::NotRunning
            | Self::Forked
            | Self::Config(_)
            | Self::Limit { .. }
            | Self::Switch { .. }
            | Self::Cycle { .. } => None,
        }
    }
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRunning => "gomon is not running",
            Self::Deadline => "the deadline passed before every listener had flushed",
            Self::Listener => "a listener could not flush",
            Self::OwnThread => "called on one of gomon's own threads, which would wait for itself",
        })
    }
}

impl StdError for FlushError {}

//! Errors of any service, told as far as their type allows.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt::Display;

use gomon_core::mask::Detectors;
use gomon_core::{ErrorInfo, EventTracker, Outcome};

type BoxError = Box<dyn Error + Send + Sync>;
/// What bodies of actix-web fail with.
type LocalBoxError = Box<dyn Error>;

/// Notes the error an exchange ended with, and marks the outcome: `timed-out` where a deadline
/// caused it, else `failed`.
pub(crate) fn note_failure<E: Display + 'static>(
    tracker: &mut EventTracker,
    error: &E,
    detectors: Detectors,
) {
    let outcome = match as_error(error) {
        Some(error) if is_deadline(error) => Outcome::TimedOut,
        _ => Outcome::Failed,
    };
    let info = describe(error).masked(detectors);
    tracker.push_error(info).mark(outcome);
}

/// Message, chain and type of an error.
pub(crate) fn describe<E: Display + 'static>(error: &E) -> ErrorInfo {
    let info = match as_error(error) {
        Some(error) => ErrorInfo::new(error),
        None => ErrorInfo::message(error),
    };
    let any: &dyn Any = error;
    if any.is::<BoxError>() || any.is::<LocalBoxError>() {
        return info;
    }
    info.kind(type_name::<E>())
}

/// The `Error` behind a value that is only known to be `Display`.
///
/// A bound on `Error` would shut out boxed errors, which are what tower's own layers fail with and
/// do not implement it. So the types that services of this stack end with are looked for by name;
/// of others the message is taken.
fn as_error<E: 'static>(error: &E) -> Option<&(dyn Error + 'static)> {
    let error: &dyn Any = error;
    if let Some(boxed) = error.downcast_ref::<BoxError>() {
        return Some(&**boxed);
    }
    if let Some(boxed) = error.downcast_ref::<LocalBoxError>() {
        return Some(&**boxed);
    }
    let known: &[Cast] = &[
        cast::<std::io::Error>,
        cast::<tower::timeout::error::Elapsed>,
        cast::<tokio::time::error::Elapsed>,
        #[cfg(feature = "axum")]
        cast::<axum::Error>,
        #[cfg(feature = "client")]
        cast::<hyper_util::client::legacy::Error>,
        #[cfg(any(feature = "client", feature = "serve"))]
        cast::<hyper::Error>,
        #[cfg(feature = "reqwest")]
        cast::<reqwest::Error>,
        #[cfg(feature = "reqwest-middleware")]
        cast::<reqwest_middleware::Error>,
        #[cfg(feature = "tonic")]
        cast::<tonic::transport::Error>,
        #[cfg(feature = "tonic")]
        cast::<tonic::Status>,
    ];
    known.iter().find_map(|cast| cast(error))
}

/// The error in a value of one known type.
type Cast = fn(&dyn Any) -> Option<&(dyn Error + 'static)>;

fn cast<T: Error + 'static>(error: &dyn Any) -> Option<&(dyn Error + 'static)> {
    error.downcast_ref::<T>().map(|known| known as _)
}

/// Whether a timeout of tower or tokio, or the status of a gRPC call that says so, is the error or
/// among its causes.
pub(crate) fn is_deadline(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .take(CHAIN)
        .any(|error| {
            // The source of an I/O error is that of the error in it, which is left out itself.
            let inner = error
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref);
            is_elapsed(error) || inner.is_some_and(|inner| is_elapsed(inner))
        })
}

fn is_elapsed(error: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "reqwest")]
    if error.downcast_ref().is_some_and(reqwest::Error::is_timeout) {
        return true;
    }
    #[cfg(feature = "tonic")]
    if error.is::<tonic::TimeoutExpired>() || error.downcast_ref().is_some_and(has_deadline_code) {
        return true;
    }
    error.is::<tower::timeout::error::Elapsed>() || error.is::<tokio::time::error::Elapsed>()
}

#[cfg(feature = "tonic")]
fn has_deadline_code(status: &tonic::Status) -> bool {
    status.code() == tonic::Code::DeadlineExceeded
}

/// Causes that are looked at: a chain may be a circle.
const CHAIN: usize = 8;

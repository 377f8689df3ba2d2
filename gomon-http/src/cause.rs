//! Errors of which a framework makes a response: the event has the status, and says why.

use std::fmt::Display;

use gomon_core::ErrorInfo;
use http::StatusCode;

/// Why a response is what it is. It travels in the extensions of the response's head.
#[derive(Clone, Debug)]
pub(crate) struct Cause(ErrorInfo);

impl Cause {
    /// Told where the fault is the server's: what a client did wrong is no error of the event.
    pub(crate) fn of(status: StatusCode, error: &dyn Display) -> Option<Self> {
        let fault = status.is_server_error();
        fault.then(|| Self(ErrorInfo::message(error)))
    }

    /// Which error it was.
    pub(crate) fn error(&self) -> ErrorInfo {
        self.0.clone()
    }
}

/// The handler gave its framework an error, which will become a response later. The event ends now,
/// with the status that is known.
#[cfg(any(feature = "actix", feature = "poem"))]
pub(crate) fn refused(
    exchange: Option<crate::held::Held>,
    status: StatusCode,
    error: &dyn Display,
) {
    let Some(exchange) = exchange else { return };
    let mut response = http::Response::new(String::new());
    *response.status_mut() = status;
    if let Some(cause) = Cause::of(status, error) {
        response.extensions_mut().insert(cause);
    }
    // An empty body: nothing is left to wait for.
    drop(exchange.answered(&mut response));
}

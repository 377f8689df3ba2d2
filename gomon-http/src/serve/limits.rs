use std::time::Duration;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The head of a request, and a TLS handshake.
    pub(crate) header: Duration,
    /// A connection without a request.
    pub(crate) idle: Option<Duration>,
    /// The requests that are there at the end.
    pub(crate) drain: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(30),
            idle: None,
            drain: None,
        }
    }
}

//! What the client knows of an exchange beside the exchange itself: the wait of whoever called, the
//! phases, and which attempt it is.

use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
#[cfg(feature = "tonic")]
use std::time::Duration;

use gomon_core::EventTracker;
use gomon_core::wait::{Kind, Wait};
use http::{Extensions, Request, Response};
use hyper_util::client::legacy::connect::{CaptureConnection, Connected, capture_connection};

use crate::client::conn::MadeFor;
use crate::client::phases::{Phases, Reuse};
#[cfg(feature = "tonic")]
use crate::client::tonic::{Link, Reached};
use crate::keys;

/// The client's side of one exchange.
pub(crate) struct ClientSide {
    wait: Wait,
    phases: Arc<Phases>,
    sight: Sight,
    attempt: u32,
    has_body: bool,
}

/// How it can be seen that a request has a connection.
pub(crate) enum Sight {
    /// hyper-util's client says so, where it is the one that sends.
    Told(CaptureConnection),
    /// Only the connections are seen that are made, so that a request that made none has one that
    /// was there.
    #[cfg(feature = "reqwest")]
    Dials,
    /// The channel's one connection is seen, which may be made while the request waits since then.
    #[cfg(feature = "tonic")]
    Channel(Link, Duration),
    /// Not at all.
    Nothing,
}

/// What of its connections a client shows, that hides the rest.
#[cfg(feature = "reqwest")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    Dials,
    Nothing,
}

#[cfg(feature = "reqwest")]
impl From<Sees> for Sight {
    fn from(sees: Sees) -> Self {
        match sees {
            Sees::Dials => Self::Dials,
            Sees::Nothing => Self::Nothing,
        }
    }
}

impl Sight {
    /// Asks hyper-util's client to say so, unless the request's sender asks it already: it tells
    /// one.
    pub(crate) fn of<B>(request: &mut Request<B>) -> Self {
        let before = request.extensions().clone();
        let capture = capture_connection(request);
        if request.extensions().len() == before.len() {
            *request.extensions_mut() = before;
            return Self::Nothing;
        }
        Self::Told(capture)
    }
}

impl ClientSide {
    pub(crate) fn new(phases: Phases, sight: Sight, attempt: u32) -> Self {
        Self {
            wait: Wait::new(Kind::Http),
            phases: Arc::new(phases),
            sight,
            attempt,
            has_body: false,
        }
    }

    pub(crate) fn phases(&self) -> &Arc<Phases> {
        &self.phases
    }

    /// The request has a body, which tells when it was sent.
    pub(crate) fn expect_body(&mut self) {
        self.has_body = true;
    }

    /// Runs `f` as a part of the request.
    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.phases.ask();
        Phases::enter(Some(&self.phases), f)
    }

    /// Polls the exchange, which is a wait of whoever calls.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut TaskContext<'_>,
        poll: impl FnOnce(&mut TaskContext<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.phases.ask();
        let phases = &self.phases;
        let polled = self
            .wait
            .poll(cx, |cx| Phases::enter(Some(phases), || poll(cx)));
        if !phases.is_settled() {
            self.look();
        }
        polled
    }

    /// The request was answered, on whichever connection.
    pub(crate) fn answered<B>(&self, response: &Response<B>) {
        if self.phases.is_settled() {
            return;
        }
        #[cfg(feature = "reqwest")]
        if matches!(self.sight, Sight::Dials) {
            // Another became free before the one that it made was there; when is not seen.
            self.phases.note(Reuse::Used);
            return;
        }
        let reuse = Reuse::of(response.extensions(), &self.phases);
        self.phases.note(reuse);
    }

    /// Writes phases and attempt.
    pub(crate) fn write(&self, tracker: &mut EventTracker) {
        if !self.has_body {
            self.phases.wrote_head_only();
        }
        self.phases.write(tracker);
        tracker.set(keys::ATTEMPT, self.attempt);
    }

    /// Whether the request has a connection by now.
    fn look(&self) {
        let phases = &*self.phases;
        match &self.sight {
            Sight::Told(capture) => {
                let connected = capture.connection_metadata();
                if let Some(reuse) = connected.as_ref().and_then(|it| reuse(it, phases)) {
                    phases.settle(reuse);
                }
            }
            #[cfg(feature = "reqwest")]
            Sight::Dials => {
                if phases.has_dial() {
                    phases.settle_made();
                } else if !phases.has_dialled() {
                    phases.settle(Reuse::Used);
                }
            }
            #[cfg(feature = "tonic")]
            Sight::Channel(link, began) => match link.tell(phases, *began) {
                Reached::New => phases.settle(Reuse::New),
                Reached::There => phases.settle(Reuse::Used),
                Reached::Nothing => {}
            },
            Sight::Nothing => {}
        }
    }
}

/// What a connection says for whom it was made; nothing if it is the one that was dead.
fn reuse(connected: &Connected, phases: &Phases) -> Option<Reuse> {
    let mut extras = Extensions::new();
    connected.get_extras(&mut extras);
    let reuse = Reuse::of(&extras, phases);
    (reuse == Reuse::New || !phases.has_dialled_again()).then_some(reuse)
}

impl Reuse {
    /// By what a connection leaves with those that it is given to.
    fn of(extras: &Extensions, phases: &Phases) -> Self {
        match extras.get::<MadeFor>() {
            Some(made_for) if made_for.0 == phases.id() => Self::New,
            Some(_) => Self::Used,
            None => Self::Unknown,
        }
    }
}

//! The headers by which a trace goes from process to process, and which of them are believed.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::Deserialize;

use crate::context::Context;
use crate::context::b3::{self, B3};
use crate::context::baggage::Baggage;
use crate::context::carried::Carried;
use crate::context::member::trim;
use crate::context::propagation_settings::Settings;
use crate::context::traceparent::{self, Caller};
use crate::context::tracestate::TraceState;
use crate::state;

/// Which headers carry a context to the next process, and what is believed of those that came.
///
/// By default these are W3C's `traceparent`, `tracestate` and `baggage`; of a caller the ids are
/// believed, but not the flag that says whether it records the trace: a stranger could switch
/// sampling off, or on.
///
/// It knows nothing of HTTP: headers come and go by closures, so that messages can carry a context
/// too. The [wrappers](crate) use the process-wide setting unless they are given another.
///
/// ```
/// use std::collections::HashMap;
/// use gomon_core::{EventTracker, propagation};
///
/// let mut message: HashMap<&str, String> = HashMap::new();
/// let mut publish = EventTracker::new("publish");
/// propagation().inject(publish.context(), |name, value| match value {
///     Some(value) => drop(message.insert(name, value.to_owned())),
///     None => drop(message.remove(name)),
/// });
///
/// let caller = propagation().extract(|name, each| {
///     if let Some(value) = message.get(name) {
///         each(value.as_bytes());
///     }
/// });
/// let deliver = EventTracker::in_context("deliver", caller); // a child of "publish"
/// ```
///
/// It can be read from a configuration too; unknown fields are errors:
///
/// ```
/// # use gomon_core::{B3, Propagation};
/// let json = r#"{"b3": "single", "baggage": "ignored", "callers": "trusted", "sampling_flag": "trusted", "sending": "context"}"#;
/// let read: Propagation = serde_json::from_str(json)?;
/// assert_eq!(read, Propagation::new().b3(B3::Single).without_baggage().trust_sampling());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Settings")]
#[must_use = "a setting does nothing until it is used"]
pub struct Propagation {
    bits: u8,
}

impl Propagation {
    /// The defaults.
    pub const fn new() -> Self {
        Self { bits: 0 }
    }

    /// Reads B3 too, in both forms, where no `traceparent` came, or none that is valid, or more than
    /// one, and sends it in this form beside `traceparent`. By default B3 is neither read nor sent.
    pub const fn b3(self, form: B3) -> Self {
        let form = match form {
            B3::Single => SINGLE_B3,
            B3::Multi => MULTI_B3,
        };
        Self {
            bits: self.bits & !(SINGLE_B3 | MULTI_B3) | form,
        }
    }

    /// Neither reads nor sends baggage. By default both.
    pub const fn without_baggage(self) -> Self {
        self.with(NO_BAGGAGE)
    }

    /// Believes nothing of what comes in, for services whose callers are strangers: each request
    /// starts a trace of its own, without baggage. By default the ids are believed.
    pub const fn ignore_callers(self) -> Self {
        self.with(IGNORE_CALLERS)
    }

    /// Believes a caller that says it records the trace: sampling that heeds it keeps our part too.
    /// By default it is not believed.
    pub const fn trust_sampling(self) -> Self {
        self.with(TRUST_SAMPLING)
    }

    /// Sends nothing, for calls to strangers: neither ids nor baggage. Headers that the call has
    /// already stay as they are. By default the context is sent.
    ///
    /// A client that calls strangers only is given this by its wrapper; the process-wide setting
    /// holds for all that have none of their own.
    pub const fn send_nothing(self) -> Self {
        self.with(SEND_NOTHING)
    }

    const fn with(self, bit: u8) -> Self {
        Self {
            bits: self.bits | bit,
        }
    }

    const fn has(self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    /// The context of whoever caused a request or a message: pass it to
    /// [`EventTracker::in_context`](crate::EventTracker::in_context). Without a caller, or with one
    /// that is malformed or came twice, it is the application, and a new trace starts: that is what
    /// W3C Trace Context asks for. It is never an error. While gomon is off no header is read: then
    /// too it is the application.
    ///
    /// `headers` is asked for a name in lower case and hands each value of that header to the
    /// closure, in order; names compare without regard to case.
    pub fn extract(self, headers: impl Fn(&'static str, &mut dyn FnMut(&[u8]))) -> Context {
        let application = Context::application();
        if !state::load().is_on() || self.has(IGNORE_CALLERS) || !application.is_monitored() {
            return application;
        }
        let headers = Headers(headers);
        let mut carried = Carried::default();
        if !self.has(NO_BAGGAGE) {
            let baggage = headers.list(BAGGAGE);
            if !baggage.is_empty() {
                carried.baggage = Baggage::parse([baggage.as_slice()]);
            }
        }
        let caller = headers.only(TRACEPARENT, traceparent::parse);
        if caller.is_some() {
            carried.tracestate = TraceState::parse([headers.list(TRACESTATE).as_slice()]);
        }
        let context = match caller.or_else(|| self.b3_caller(&headers)) {
            Some(caller) => Context::of_caller(&Caller {
                sampled: caller.sampled && self.has(TRUST_SAMPLING),
                ..caller
            }),
            None => application,
        };
        context.carrying(carried)
    }

    /// Hands over the headers that make another process's events children of this context: a name
    /// in lower case and its value, or `None` where a header that is there must go, because it
    /// belongs to a `traceparent` that was replaced. For the application, which has no event, there
    /// is only baggage.
    ///
    /// A header that is there is to be replaced: the parent is the call that carries it.
    pub fn inject(self, context: Context, mut header: impl FnMut(&'static str, Option<&str>)) {
        if self.has(SEND_NOTHING) {
            return;
        }
        let Carried {
            tracestate,
            baggage,
        } = context.carried().read();
        if let Some(traceparent) = context.traceparent() {
            header(TRACEPARENT, Some(traceparent.as_str()));
            header(
                TRACESTATE,
                Some(tracestate.as_str()).filter(|it| !it.is_empty()),
            );
            self.inject_b3(context, &mut header);
        }
        if !self.has(NO_BAGGAGE) && !baggage.is_empty() {
            header(BAGGAGE, Some(baggage.as_str()));
        }
    }

    fn b3_caller(
        self,
        headers: &Headers<impl Fn(&'static str, &mut dyn FnMut(&[u8]))>,
    ) -> Option<Caller> {
        if !self.has(SINGLE_B3 | MULTI_B3) {
            return None;
        }
        headers.only(b3::SINGLE, b3::parse).or_else(|| {
            let bytes = |name| headers.only(name, |value| Some(value.to_vec()));
            let (trace, span) = (bytes(b3::TRACE)?, bytes(b3::SPAN)?);
            let (sampled, flags) = (bytes(b3::SAMPLED), bytes(b3::FLAGS));
            b3::parse_multi(&trace, &span, sampled.as_deref(), flags.as_deref())
        })
    }

    fn inject_b3(self, context: Context, header: &mut impl FnMut(&'static str, Option<&str>)) {
        let (Some(trace), Some(span)) = (context.trace_id(), context.span_id()) else {
            return;
        };
        let sampled = if context.is_sampled_out() { "0" } else { "1" };
        if self.has(SINGLE_B3) {
            header(b3::SINGLE, Some(&format!("{trace}-{span}-{sampled}")));
        }
        if self.has(MULTI_B3) {
            header(b3::TRACE, Some(&trace.to_string()));
            header(b3::SPAN, Some(&span.to_string()));
            header(b3::SAMPLED, Some(sampled));
        }
    }
}

impl Default for Propagation {
    fn default() -> Self {
        Self::new()
    }
}

/// The process-wide setting.
pub fn propagation() -> Propagation {
    Propagation {
        bits: CURRENT.load(Ordering::Relaxed),
    }
}

/// Changes the process-wide setting, for what comes and goes from now on.
pub fn set_propagation(propagation: Propagation) {
    CURRENT.store(propagation.bits, Ordering::Relaxed);
}

/// The headers of a request, by whichever means its owner has.
struct Headers<H>(H);

impl<H: Fn(&'static str, &mut dyn FnMut(&[u8]))> Headers<H> {
    /// What the one header of this name says; nothing if there are more.
    fn only<T>(&self, name: &'static str, read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let (mut found, mut count) = (None, 0_usize);
        (self.0)(name, &mut |value| {
            count += 1;
            found = if count == 1 { read(trim(value)) } else { None };
        });
        found
    }

    /// All headers of this name as one list (RFC 9110, section 5.3).
    fn list(&self, name: &'static str) -> Vec<u8> {
        let mut list = Vec::new();
        (self.0)(name, &mut |value| {
            list.extend_from_slice(value);
            list.push(b',');
        });
        list
    }
}

const SINGLE_B3: u8 = 1;
const MULTI_B3: u8 = 2;
const NO_BAGGAGE: u8 = 4;
const IGNORE_CALLERS: u8 = 8;
const TRUST_SAMPLING: u8 = 16;
const SEND_NOTHING: u8 = 32;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

static CURRENT: AtomicU8 = AtomicU8::new(0);

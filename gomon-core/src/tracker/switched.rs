//! What live switches make of an event.

use std::sync::Arc;

use crate::capture::Capture;
use crate::clock::Source;
use crate::context::Context;
use crate::event::flags::Flags;
use crate::event::value::Value;
use crate::keys;
use crate::switch::{self, Effects};
use crate::tracker::EventTracker;

impl EventTracker {
    /// What may be recorded of the data that this event is about: `own`, which is what the wrapper was told or
    /// [`gomon_core::capture`](crate::capture) says, and what [live switches](crate::switch) add to it now.
    ///
    /// To be asked when something is to be recorded: what holds at the end of an event need not have held at its beginning.
    ///
    /// ```
    /// use gomon_core::{EventTracker, capture};
    ///
    /// let mut publish = EventTracker::new("nats-publish");
    /// let taken = publish.capture(&capture());
    /// if taken.bodies() > 0 {
    ///     publish.set("body", "…");
    /// }
    /// ```
    #[must_use]
    pub fn capture(&self, own: &Arc<Capture>) -> Arc<Capture> {
        match switch::is_any_on() {
            true => self.effects().over(own),
            false => Arc::clone(own),
        }
    }

    /// The most that [`capture`](Self::capture) may come to say while the event is open: a wrapper of what passes only once,
    /// such as a body, keeps so much of it until it knows.
    #[must_use]
    pub fn capture_ahead(&self, own: &Arc<Capture>) -> Arc<Capture> {
        match switch::is_any_on() {
            true => self.effects_ahead().over(own),
            false => Arc::clone(own),
        }
    }

    /// The bytes of a body that [`capture_ahead`](Self::capture_ahead) may come to say.
    #[must_use]
    pub fn bodies_ahead(&self, own: &Arc<Capture>) -> usize {
        match switch::is_any_on() {
            true => self.effects_ahead().over(own).bodies(),
            false => own.bodies(),
        }
    }

    /// Tells [live switches](crate::switch) what a request or message came with, for whoever begins its event, right after that.
    /// `get` is asked for the values of a header: it gives each to what it is handed. The route may also come later, as the
    /// attribute `route`; a trace that is sampled out at its head is taken back here only.
    ///
    /// ```
    /// use gomon_core::EventTracker;
    ///
    /// let headers = [("x-debug", "1")];
    /// let mut delivery = EventTracker::new("nats-deliver");
    /// delivery.tell_switches(Some("orders.*"), |name, each| {
    ///     for (_, value) in headers.iter().filter(|(other, _)| *other == name) {
    ///         each(value.as_bytes());
    ///     }
    /// });
    /// ```
    pub fn tell_switches<'a>(
        &mut self,
        route: Option<&str>,
        get: impl FnMut(&str, &mut dyn FnMut(&'a [u8])),
    ) {
        if !switch::is_any_on() {
            return;
        }
        let Some(record) = &mut self.record else {
            return;
        };
        if let Some(route) = route {
            switch::offer(record.trace, keys::ROUTE, &Value::Str(route));
        }
        switch::offer_headers(record.trace, get);
        if record.flags.has(Flags::SAMPLED_OUT)
            && switch::effects(record.fp, Some(record.trace)).sampling
        {
            record.flags.remove(Flags::SAMPLED_OUT);
            record.flags.add(Flags::UNSAMPLED);
            record.start = Source::of(record.scope).now();
            self.sampled_out = false;
        }
    }

    pub(crate) fn effects(&self) -> Effects {
        let record = self.recorded();
        record.map_or_else(Effects::default, |record| {
            switch::effects(record.fp, Some(record.trace))
        })
    }

    pub(crate) fn effects_ahead(&self) -> Effects {
        let record = self.recorded();
        record.map_or_else(Effects::default, |record| {
            switch::effects_ahead(record.fp, Some(record.trace))
        })
    }
}

impl Context {
    /// The most that [`EventTracker::capture`] may come to say of an event of that fingerprint which is made in this context,
    /// for a wrapper that has to take something before its event begins.
    #[must_use]
    pub fn capture_ahead(&self, fp: &str, own: &Arc<Capture>) -> Arc<Capture> {
        match switch::is_any_on() && self.is_monitored() {
            true => switch::effects_ahead(fp, self.trace_id()).over(own),
            false => Arc::clone(own),
        }
    }
}

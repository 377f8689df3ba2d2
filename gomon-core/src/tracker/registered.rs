//! Events that are units of work.

use std::borrow::Cow;
use std::sync::Arc;

use crate::event::flags::Flags;
use crate::tracker::EventTracker;
use crate::tracker::work::{self, WorkDetails};
use crate::wait::unit::Unit;

impl EventTracker {
    /// Registers the event as a unit of work until it closes: it is listed by
    /// [`in_flight`](crate::in_flight), and if it is still open at shutdown it is sent as
    /// [`Outcome::Abandoned`](crate::Outcome::Abandoned).
    pub fn register(&mut self, label: impl Into<Cow<'static, str>>) {
        self.register_with(label, WorkDetails::default());
    }

    /// The same of a unit of which more can be said.
    pub fn register_with(&mut self, label: impl Into<Cow<'static, str>>, details: WorkDetails) {
        if let Some(record) = &mut self.record
            && !record.flags.has(Flags::SAMPLED_OUT)
        {
            let label = label.into();
            let mut new = Some(details);
            let describe = |unit: &mut work::Unit| {
                unit.describe(&label, new.take().unwrap_or_default());
            };
            let known =
                record.flags.has(Flags::UNIT) && work::change(record.trace, record.span, describe);
            if !known {
                record.flags.add(Flags::UNIT);
                work::register(record, &label, new.unwrap_or_default());
            }
        }
    }

    /// The same by what polls it, under the label that is appended. Whether there is a unit.
    pub(crate) fn list(
        &mut self,
        label: impl FnOnce(&mut String),
        details: WorkDetails,
        polled: &Arc<Unit>,
    ) -> bool {
        let Some(record) = &mut self.record else {
            return false;
        };
        if record.flags.has(Flags::SAMPLED_OUT) {
            return false;
        }
        record.flags.add(Flags::UNIT);
        work::list(polled, record, label, details);
        true
    }

    /// Nobody polls the unit any more that was [listed](Self::list) by that.
    pub(crate) fn leave_list(&self, polled: &Unit) {
        if let Some(record) = &self.record {
            work::leave_list(polled, record);
        }
    }

    /// Changes what a [registered](Self::register) event is called among the units of work.
    pub fn relabel(&mut self, label: impl Into<Cow<'static, str>>) {
        if let Some(record) = &self.record
            && record.flags.has(Flags::UNIT)
        {
            work::relabel(record.trace, record.span, &label.into());
        }
    }

    /// Lets the registry ask what a registered event is doing.
    pub(crate) fn watch(&self, unit: &Arc<Unit>) {
        if let Some(record) = &self.record
            && record.flags.has(Flags::UNIT)
        {
            work::watch(record, unit);
        }
    }
}

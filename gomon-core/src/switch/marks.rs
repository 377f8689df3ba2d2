//! What is known of the traces under way, as far as switches ask for it.

use std::collections::{HashMap, VecDeque};

use crate::event::id::TraceId;
use crate::switch::conditions::Known;

/// For each trace, which switches it meets in what, and which have taken effect in it: a bit for each switch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    route: u32,
    user: u32,
    header: u32,
    pub(super) taken: u32,
}

/// Of so many traces at the most: then the oldest goes, which most likely has ended.
#[derive(Debug, Default)]
pub(super) struct Marks {
    of: Option<HashMap<TraceId, Mark>>,
    /// The order in which they came. Some have gone meanwhile.
    order: VecDeque<TraceId>,
}

impl Marks {
    pub(super) const NONE: Self = Self {
        of: None,
        order: VecDeque::new(),
    };

    pub(super) fn get(&self, trace: TraceId) -> Mark {
        let mark = self.of.as_ref().and_then(|marks| marks.get(&trace));
        mark.copied().unwrap_or_default()
    }

    /// The trace's, to be changed.
    pub(super) fn of(&mut self, trace: TraceId) -> &mut Mark {
        let marks = self.of.get_or_insert_default();
        if !marks.contains_key(&trace) {
            while marks.len() >= TRACES
                && let Some(oldest) = self.order.pop_front()
            {
                marks.remove(&oldest);
            }
            if self.order.len() >= 2 * TRACES {
                self.order.retain(|trace| marks.contains_key(trace));
            }
            self.order.push_back(trace);
        }
        marks.entry(trace).or_default()
    }

    pub(super) fn remove(&mut self, trace: TraceId) {
        if let Some(marks) = &mut self.of {
            marks.remove(&trace);
        }
    }

    /// A place is another switch's from now on.
    pub(super) fn clear(&mut self, bit: u32) {
        for mark in self.of.iter_mut().flat_map(HashMap::values_mut) {
            for bits in [
                &mut mark.route,
                &mut mark.user,
                &mut mark.header,
                &mut mark.taken,
            ] {
                *bits &= !bit;
            }
        }
    }

    /// No switch is on.
    pub(super) fn clear_all(&mut self) {
        *self = Self::NONE;
    }
}

impl Mark {
    pub(super) fn add(&mut self, known: Known, bits: u32) {
        match known {
            Known::Route => self.route |= bits,
            Known::User => self.user |= bits,
            Known::Header => self.header |= bits,
        }
    }

    pub(super) fn has(&self, known: Known, bit: u32) -> bool {
        let bits = match known {
            Known::Route => self.route,
            Known::User => self.user,
            Known::Header => self.header,
        };
        bits & bit != 0
    }
}

const TRACES: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_traces_the_oldest_go() {
        let mut marks = Marks::default();
        for trace in 0..=TRACES as u128 {
            marks.of(TraceId(trace)).add(Known::User, 1);
        }
        assert!(!marks.get(TraceId(0)).has(Known::User, 1));
        assert!(marks.get(TraceId(1)).has(Known::User, 1));
        assert_eq!(marks.of.as_ref().unwrap().len(), TRACES);
    }

    #[test]
    fn the_order_of_those_that_have_gone_is_forgotten() {
        let mut marks = Marks::default();
        for trace in 0..10 * TRACES as u128 {
            marks.of(TraceId(trace)).add(Known::Route, 1);
            marks.remove(TraceId(trace));
        }
        assert!(marks.order.len() <= 2 * TRACES);
    }
}

//! What a switch turns on.

use std::sync::Arc;

use crate::capture::Capture;

/// What is added where switches take effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Bytes of a body, a side.
    pub(crate) bodies: usize,
    pub(crate) rows: usize,
    pub(crate) values: bool,
    /// All of the trace is kept.
    pub(crate) sampling: bool,
    /// CPU time and allocations are measured.
    pub(crate) profile: bool,
}

impl Effects {
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// What both turn on.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            bodies: self.bodies.max(other.bodies),
            rows: self.rows.max(other.rows),
            values: self.values | other.values,
            sampling: self.sampling | other.sampling,
            profile: self.profile | other.profile,
        }
    }

    /// What may be recorded where that may be otherwise. Masks stay as they are.
    pub(crate) fn over(self, own: &Arc<Capture>) -> Arc<Capture> {
        let Self {
            bodies,
            rows,
            values,
            ..
        } = self;
        if bodies <= own.bodies() && rows <= own.rows() && !values {
            return Arc::clone(own);
        }
        let more = Capture::clone(own)
            .with_bodies(bodies.max(own.bodies()))
            .with_rows(rows.max(own.rows()))
            .with_sql_text(values || own.sql_text())
            .with_bound_values(values || own.bound_values());
        Arc::new(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_only_add() {
        let own = Arc::new(Capture::full());
        let less = Effects {
            bodies: 1,
            rows: 1,
            ..Effects::default()
        };
        assert!(Arc::ptr_eq(&less.over(&own), &own));
        let minimal = Arc::new(Capture::minimal().with_bodies(7));
        let values = Effects {
            values: true,
            ..less
        };
        let more = values.over(&minimal);
        assert_eq!((more.bodies(), more.rows()), (7, 1));
        assert!(more.bound_values() && more.sql_text() && !more.headers());
    }
}

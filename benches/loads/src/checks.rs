use std::fmt::Display;

use gomon::Report;

/// The figures of a load, each printed as it becomes known, and whether all that must hold did.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    broken: usize,
}

impl Checks {
    /// A figure that is only shown.
    pub(crate) fn figure(&self, name: &str, value: impl Display) {
        println!("  {name:<34} {value}");
    }

    /// A figure that must be within `bound`, which `holds` has looked at.
    pub(crate) fn must(&mut self, name: &str, value: impl Display, bound: &str, holds: bool) {
        let verdict = if holds { "ok" } else { "BROKEN" };
        println!("  {name:<34} {value:<24} must be {bound:<28} {verdict}");
        self.broken += usize::from(!holds);
    }

    pub(crate) fn must_equal(&mut self, name: &str, value: u64, expected: u64) {
        self.must(name, value, &expected.to_string(), value == expected);
    }

    /// `created = delivered + dropped + pending`, for every listener.
    pub(crate) fn must_balance(&mut self, report: &Report) {
        for listener in &report.listeners {
            let accounted = listener.delivered + listener.total_dropped() + listener.pending;
            let name = format!("{}: delivered + dropped", listener.name);
            self.must_equal(&name, accounted, listener.created);
            for (reason, count) in &listener.dropped {
                self.figure(&format!("{}: {reason}", listener.name), count);
            }
        }
    }

    pub(crate) fn held(&self) -> bool {
        self.broken == 0
    }
}

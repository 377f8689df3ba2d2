//! One line of a table, and of the JSON file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// What one arm costs an operation in one workload; `None` where it was not measured.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The group: `spans`, `http`, `sql`, `allocs`, `tcp`, `hist`.
    pub group: &'static str,
    /// The workload of the group.
    pub workload: String,
    /// Threads that did the work at the same time.
    pub threads: usize,
    /// Who did it.
    pub arm: String,
    /// CPU time of the application's thread, in ns.
    pub app_ns: Option<f64>,
    /// CPU time of all threads until everything was delivered, in ns.
    pub all_ns: Option<f64>,
    /// Instructions of the application's thread.
    pub app_instructions: Option<f64>,
    /// Instructions of all threads.
    pub all_instructions: Option<f64>,
    /// Allocations of the application's thread.
    pub app_allocs: Option<f64>,
    /// Allocations of all threads.
    pub all_allocs: Option<f64>,
    /// Events that reached the sink by events that should have; `None` for an arm that sends none.
    pub delivered: Option<f64>,
}

impl Row {
    /// Whether the row says nothing: the arm failed, or did not deliver exactly what it should have.
    #[must_use]
    pub fn is_void(&self) -> bool {
        let failed = self.app_ns.is_none() && self.all_ns.is_none();
        failed
            || self
                .delivered
                .is_some_and(|ratio| (ratio - 1.0).abs() >= 0.0005)
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "group": self.group,
            "workload": self.workload,
            "threads": self.threads,
            "arm": self.arm,
            "app_ns": rounded(self.app_ns),
            "all_ns": rounded(self.all_ns),
            "app_instructions": rounded(self.app_instructions),
            "all_instructions": rounded(self.all_instructions),
            "app_allocs": rounded(self.app_allocs),
            "all_allocs": rounded(self.all_allocs),
            "delivered": rounded(self.delivered),
        })
    }
}

/// Appends `rows` to `file`, one object a line.
///
/// # Errors
///
/// The file cannot be opened or written.
pub fn append(file: &Path, rows: &[Row]) -> io::Result<()> {
    let objects: Vec<_> = rows.iter().map(Row::to_json).collect();
    append_objects(file, &objects)
}

pub(crate) fn append_objects(file: &Path, objects: &[serde_json::Value]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
    file.write_all(lines.as_bytes())
}

/// Three decimals are more than the clocks can tell.
pub(crate) fn rounded(value: Option<f64>) -> Option<f64> {
    value.map(|value| (value * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::Row;

    fn delivering(ratio: f64) -> Row {
        Row {
            app_ns: Some(1.0),
            delivered: Some(ratio),
            ..Row::default()
        }
    }

    #[test]
    fn a_row_is_void_unless_exactly_everything_was_delivered() {
        assert!(!delivering(1.0).is_void());
        assert!(delivering(0.999).is_void());
        assert!(delivering(1.001).is_void());
        assert!(Row::default().is_void());
    }

    #[test]
    fn what_was_not_measured_is_null() {
        let json = delivering(1.0).to_json();
        assert_eq!(json["app_ns"], 1.0);
        assert!(json["all_ns"].is_null());
    }
}

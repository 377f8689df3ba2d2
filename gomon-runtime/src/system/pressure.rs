//! Pressure stall information: the share of time in which tasks waited for a resource.
//!
//! One file a resource; each line, `some` (at least one task waited) and `full` (all of them did), looks like
//! `some avg10=0.12 avg60=0.05 avg300=0.01 total=123456`, the averages in percent, the total in µs.

use std::fs;
use std::path::PathBuf;

/// What is known of the resources.
#[derive(Debug, PartialEq)]
pub(crate) struct Pressure {
    /// Whose tasks: `cgroup` or `host`.
    pub(crate) scope: &'static str,
    /// Resource and its lines.
    pub(crate) resources: Vec<(&'static str, Vec<Line>)>,
}

/// One line of a resource's file.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// `some` or `full`.
    pub(crate) kind: &'static str,
    pub(crate) avg10: f64,
    pub(crate) avg60: f64,
    pub(crate) avg300: f64,
    pub(crate) total_ns: u64,
}

/// `None` where no resource has a readable file.
pub(super) fn read(scope: &'static str, file: impl Fn(&str) -> PathBuf) -> Option<Pressure> {
    let resources = ["cpu", "memory", "io"].into_iter().filter_map(|resource| {
        let lines: Vec<Line> = fs::read_to_string(file(resource))
            .ok()?
            .lines()
            .filter_map(line)
            .collect();
        (!lines.is_empty()).then_some((resource, lines))
    });
    let resources: Vec<_> = resources.collect();
    (!resources.is_empty()).then_some(Pressure { scope, resources })
}

fn line(text: &str) -> Option<Line> {
    let (kind, values) = text.split_once(' ')?;
    let kind = ["some", "full"].into_iter().find(|known| *known == kind)?;
    let value = |name| {
        values
            .split(' ')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let percent = |name| value(name)?.parse().ok();
    Some(Line {
        kind,
        avg10: percent("avg10")?,
        avg60: percent("avg60")?,
        avg300: percent("avg300")?,
        total_ns: value("total")?.parse::<u64>().ok()?.checked_mul(1000)?,
    })
}

//! What a failed assertion says: expected and actual side by side, then the events as a pattern.

use std::fmt::Write;

use super::as_pattern;
use super::rows::{Mark, Row};
use crate::testing::forest::Node;

pub(super) fn report(rows: &[Row], nodes: &[Node]) -> String {
    let first = rows.iter().find(|row| row.mark != Mark::Agrees);
    let line = first.map_or(1, |row| row.line);
    let mut out = format!("the events differ from the expected tree at line {line}\n\n");
    let widths = rows.iter().map(|row| row.expected.chars().count());
    let width = widths.max().unwrap_or(0).max(EXPECTED.len());
    write_row(&mut out, " ", EXPECTED, ACTUAL, width);
    let mut agreeing = 0;
    for (at, row) in rows.iter().enumerate() {
        if is_near_a_difference(rows, at) {
            write_gap(&mut out, &mut agreeing);
            write_row(&mut out, sign(row.mark), &row.expected, &row.actual, width);
        } else {
            agreeing += 1;
        }
    }
    write_gap(&mut out, &mut agreeing);
    out.push('\n');
    if nodes.is_empty() {
        out.push_str("no event has ended\n");
    } else {
        let _ = write!(
            out,
            "the events, as a tree to expect:\n\n{}",
            as_pattern::text(nodes)
        );
    }
    out
}

fn write_row(out: &mut String, sign: &str, expected: &str, actual: &str, width: usize) {
    let row = format!("  {sign} {expected:width$} | {actual}");
    let _ = writeln!(out, "{}", row.trim_end());
}

fn write_gap(out: &mut String, agreeing: &mut usize) {
    if *agreeing > 0 {
        let _ = writeln!(out, "    … {agreeing} lines that agree");
        *agreeing = 0;
    }
}

fn is_near_a_difference(rows: &[Row], at: usize) -> bool {
    let near = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(rows.len());
    let near = rows.get(near).unwrap_or(&[]);
    near.iter().any(|row| row.mark != Mark::Agrees)
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Agrees => " ",
        Mark::Differs => "!",
        Mark::Missing => "-",
        Mark::Extra => "+",
    }
}

const EXPECTED: &str = "expected";
const ACTUAL: &str = "actual";
/// Rows that are shown on both sides of a difference.
const CONTEXT: usize = 3;

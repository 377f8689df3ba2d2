//! What the figures must reach, and whether they do.

use std::fmt;

use serde_json::json;

use crate::figures::median;
use crate::row::rounded;
use crate::table::{Measured, Table};

/// Which figure of an arm is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// CPU time of the application's thread.
    App,
    /// CPU time of all threads.
    All,
    /// Instructions of the application's thread.
    AppInstructions,
    /// Allocations of the application's thread.
    AppAllocs,
    /// Allocations of all threads.
    AllAllocs,
}

/// A cell of a table.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The table's workload.
    pub workload: &'static str,
    /// The table's threads.
    pub threads: usize,
    /// Whose figure it is; of several, the lowest.
    pub arms: &'static [&'static str],
    /// Which figure.
    pub cost: Cost,
}

impl Cell {
    /// The figure of `arms` in a table of one thread.
    #[must_use]
    pub const fn new(workload: &'static str, arms: &'static [&'static str], cost: Cost) -> Self {
        Self {
            workload,
            threads: 1,
            arms,
            cost,
        }
    }

    /// In a table of `threads` threads instead.
    #[must_use]
    pub const fn on_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

/// A figure, or the ratio of two, that must not be above a limit.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    name: &'static str,
    what: &'static str,
    figure: Cell,
    base: Option<Cell>,
    /// What both had anyway, which is taken off first.
    without: Option<Cell>,
    limit: f64,
}

impl Goal {
    /// `figure` by `base` is at most `limit`: the median of the ratios within each round.
    #[must_use]
    pub const fn ratio(
        name: &'static str,
        what: &'static str,
        figure: Cell,
        base: Cell,
        limit: f64,
    ) -> Self {
        Self {
            name,
            what,
            figure,
            base: Some(base),
            without: None,
            limit,
        }
    }

    /// What `figure` adds to `without` is at most `limit` times what `base` adds to it: the median of the ratios within each round.
    #[must_use]
    pub const fn added(
        name: &'static str,
        what: &'static str,
        [figure, base, without]: [Cell; 3],
        limit: f64,
    ) -> Self {
        let goal = Self::ratio(name, what, figure, base, limit);
        Self {
            without: Some(without),
            ..goal
        }
    }

    /// `figure` is at most `limit` above `without`: the median of the differences within each round.
    #[must_use]
    pub const fn at_most_more(
        name: &'static str,
        what: &'static str,
        figure: Cell,
        without: Cell,
        limit: f64,
    ) -> Self {
        let goal = Self::at_most(name, what, figure, limit);
        Self {
            without: Some(without),
            ..goal
        }
    }

    /// `figure` itself is at most `limit`.
    #[must_use]
    pub const fn at_most(name: &'static str, what: &'static str, figure: Cell, limit: f64) -> Self {
        Self {
            name,
            what,
            figure,
            base: None,
            without: None,
            limit,
        }
    }

    fn judge(&self, tables: &[(&Table, Vec<Measured>)]) -> Verdict {
        let Some(figure) = self.series(&self.figure, tables) else {
            return Verdict::NotMeasured;
        };
        let value = match &self.base {
            None => median(figure.values),
            Some(base) => match self.series(base, tables) {
                Some(base) => {
                    if base.is_void {
                        return Verdict::Void;
                    }
                    let pairs = figure.values.iter().zip(&base.values);
                    median(pairs.map(|(mine, its)| mine / its))
                }
                None => return Verdict::NotMeasured,
            },
        };
        match value {
            _ if figure.is_void => Verdict::Void,
            Some(value) if value.is_nan() => Verdict::NotMeasured,
            Some(value) if value <= self.limit => Verdict::Met(value),
            Some(value) => Verdict::Missed(value),
            None => Verdict::NotMeasured,
        }
    }
}

impl Goal {
    /// What the rounds gave for a cell, without what is to be taken off.
    fn series(&self, cell: &Cell, tables: &[(&Table, Vec<Measured>)]) -> Option<Series> {
        let mut series = Series::of(cell, tables)?;
        if let Some(without) = &self.without {
            let without = Series::of(without, tables)?;
            series.is_void |= without.is_void;
            let values = series.values.iter_mut();
            values
                .zip(without.values)
                .for_each(|(value, without)| *value -= without);
        }
        Some(series)
    }
}

/// What the rounds gave for a cell.
struct Series {
    values: Vec<f64>,
    is_void: bool,
}

impl Series {
    /// `None` where it was not measured.
    fn of(cell: &Cell, tables: &[(&Table, Vec<Measured>)]) -> Option<Self> {
        let (table, measured) = tables
            .iter()
            .find(|(table, _)| table.workload == cell.workload && table.threads == cell.threads)?;
        let candidates = measured.iter().filter(|arm| cell.arms.contains(&arm.arm));
        let series = candidates.map(|arm| Self {
            values: arm.values(cell.cost),
            is_void: arm.row("", table).is_void(),
        });
        let middle = |series: &Self| median(series.values.iter().copied());
        series
            .filter(|series| middle(series).is_some())
            .min_by(|a, b| {
                middle(a)
                    .unwrap_or(f64::NAN)
                    .total_cmp(&middle(b).unwrap_or(f64::NAN))
            })
    }
}

enum Verdict {
    Met(f64),
    Missed(f64),
    Void,
    NotMeasured,
}

impl Verdict {
    fn value(&self) -> Option<f64> {
        match self {
            Self::Met(value) | Self::Missed(value) => Some(*value),
            Self::Void | Self::NotMeasured => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met(_) => "met",
            Self::Missed(_) => "**not met**",
            Self::Void => "void",
            Self::NotMeasured => "not measured",
        })
    }
}

/// Prints how the figures stand to `goals`, and returns the same as JSON objects.
pub(crate) fn print(goals: &[Goal], tables: &[(&Table, Vec<Measured>)]) -> Vec<serde_json::Value> {
    if goals.is_empty() {
        return Vec::new();
    }
    println!("\n### goals\n\n| goal | figure | must reach | measured | |\n|---|---|--:|--:|---|");
    goals
        .iter()
        .map(|goal| {
            let verdict = goal.judge(tables);
            let value = verdict.value();
            println!(
                "| {} | {} | {} | {} | {verdict} |",
                goal.name,
                goal.what,
                goal.limit,
                value.map_or("-".to_owned(), |value| format!("{value:.2}")),
            );
            json!({
                "goal": goal.name,
                "figure": goal.what,
                "limit": goal.limit,
                "measured": rounded(value),
                "verdict": verdict.to_string().trim_matches('*'),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figures;

    const TABLE: Table = Table::new("", "w", &["mine", "peer", "worse"], "peer");
    const MINE: Cell = Cell::new("w", &["mine"], Cost::App);
    const BEST: Cell = Cell::new("w", &["worse", "peer"], Cost::App);

    fn arm(arm: &'static str, rounds: &[&str]) -> Measured {
        Measured {
            arm,
            rounds: rounds.iter().map(|round| Figures::parse(round)).collect(),
            instructions: None,
        }
    }

    fn judge(goal: &Goal) -> Verdict {
        let arms = vec![
            arm("mine", &["app_ns=10 delivered=1", "app_ns=60", "app_ns=30"]),
            arm("peer", &["app_ns=100", "app_ns=120", "app_ns=100"]),
            arm("worse", &["app_ns=900", "app_ns=900", "app_ns=900"]),
            arm("lossy", &["app_ns=1 delivered=0.9"]),
        ];
        goal.judge(&[(&TABLE, arms)])
    }

    #[test]
    fn a_ratio_is_the_median_within_the_rounds_to_the_best_of_the_bases() {
        let goal = Goal::ratio("P1", "", MINE, BEST, 0.3);
        assert!(matches!(judge(&goal), Verdict::Met(ratio) if ratio == 0.3));
        let goal = Goal::ratio("P1", "", MINE, BEST, 0.29);
        assert!(matches!(judge(&goal), Verdict::Missed(_)));
    }

    #[test]
    fn what_is_added_is_compared_without_what_both_had_anyway() {
        let base = Cell::new("w", &["base"], Cost::App);
        let arms = || {
            vec![
                arm("mine", &["app_ns=15 delivered=1", "app_ns=26"]),
                arm("peer", &["app_ns=30", "app_ns=40"]),
                arm("base", &["app_ns=10", "app_ns=20"]),
            ]
        };
        let judged = |goal: Goal| goal.judge(&[(&TABLE, arms())]).value();
        let ratio = judged(Goal::added("P5", "", [MINE, BEST, base], 0.3));
        assert!(
            ratio.is_some_and(|ratio| (ratio - 0.275).abs() < 1e-9),
            "{ratio:?}"
        );
        let more = judged(Goal::at_most_more("P5", "", MINE, base, 9.0));
        assert_eq!(more, Some(5.5));
    }

    #[test]
    fn a_figure_of_its_own_is_its_median() {
        let goal = Goal::at_most("P1", "", MINE, 30.0);
        assert!(matches!(judge(&goal), Verdict::Met(value) if value == 30.0));
    }

    #[test]
    fn losses_and_gaps_meet_no_goal() {
        let lossy = Cell::new("w", &["lossy"], Cost::App);
        assert!(matches!(
            judge(&Goal::at_most("P1", "", lossy, 9.0)),
            Verdict::Void
        ));
        let goal = Goal::ratio("P1", "", MINE, lossy, 9.0);
        assert!(matches!(judge(&goal), Verdict::Void));
        let elsewhere = Cell::new("v", &["mine"], Cost::App);
        let goal = Goal::at_most("P1", "", elsewhere, 9.0);
        assert!(matches!(judge(&goal), Verdict::NotMeasured));
        let uncounted = Cell::new("w", &["mine"], Cost::AppInstructions);
        let goal = Goal::at_most("P1", "", uncounted, 9.0);
        assert!(matches!(judge(&goal), Verdict::NotMeasured));
    }
}

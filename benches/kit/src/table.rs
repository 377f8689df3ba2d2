//! The arms of one workload, and how they are printed.

use crate::figures::{Figures, median};
use crate::goal::Cost;
use crate::row::Row;

/// Where the threads of an arm run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cores {
    /// All on one core: repeatable to a few per cent, because no memory changes hands between cores.
    Same,
    /// The application's thread on one core, the arm's own threads on another: every hand-over crosses.
    Split,
    /// The scheduler decides. For workloads of several application threads, and noisy.
    Free,
}

/// One workload and everyone who does it.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// What is done, in words.
    pub title: &'static str,
    /// Its name in JSON rows, unique within the group together with `threads`.
    pub workload: &'static str,
    /// What is passed to the arms; several tables may run the same thing on other cores.
    pub input: &'static str,
    /// Who does it.
    pub arms: &'static [&'static str],
    /// The arm that ratios refer to.
    pub base: &'static str,
    /// Application threads that do it at the same time.
    pub threads: usize,
    /// Where the threads run.
    pub cores: Cores,
}

impl Table {
    /// `arms` do the workload on one thread, everything on one core, compared with `base`.
    #[must_use]
    pub const fn new(
        title: &'static str,
        workload: &'static str,
        arms: &'static [&'static str],
        base: &'static str,
    ) -> Self {
        Self {
            title,
            workload,
            input: workload,
            arms,
            base,
            threads: 1,
            cores: Cores::Same,
        }
    }

    /// On `threads` threads, wherever the scheduler puts them.
    #[must_use]
    pub const fn on_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self.cores = Cores::Free;
        self
    }

    /// The same work under another name, with every hand-over between two cores.
    #[must_use]
    pub const fn split_as(mut self, workload: &'static str) -> Self {
        self.workload = workload;
        self.cores = Cores::Split;
        self
    }
}

/// Each table with what its arms gave.
pub(crate) type Results<'a> = Vec<(&'a Table, Vec<Measured>)>;

/// What the rounds of one arm gave.
pub(crate) struct Measured {
    pub(crate) arm: &'static str,
    pub(crate) rounds: Vec<Figures>,
    pub(crate) instructions: Option<Figures>,
}

impl Measured {
    pub(crate) fn of(arm: &'static str) -> Self {
        Self {
            arm,
            rounds: Vec::new(),
            instructions: None,
        }
    }

    /// One cost in every round, NaN where a round failed; instructions are counted once.
    pub(crate) fn values(&self, cost: Cost) -> Vec<f64> {
        let of_rounds = |key| {
            let rounds = self.rounds.iter();
            rounds
                .map(|round| round.get(key).unwrap_or(f64::NAN))
                .collect()
        };
        match cost {
            Cost::App => of_rounds("app_ns"),
            Cost::All => of_rounds("all_ns"),
            Cost::AppAllocs => of_rounds("app_allocs"),
            Cost::AllAllocs => of_rounds("all_allocs"),
            Cost::AppInstructions => {
                let counted = self.instructions.as_ref();
                counted
                    .and_then(|figures| figures.get("app"))
                    .into_iter()
                    .collect()
            }
        }
    }

    pub(crate) fn row(&self, group: &'static str, table: &Table) -> Row {
        let middle = |key| median(self.rounds.iter().filter_map(|round| round.get(key)));
        let counted = |key| self.instructions.as_ref()?.get(key);
        // A single round that lost or repeated events voids the row, however the others went.
        let delivered = self
            .rounds
            .iter()
            .filter_map(|round| round.get("delivered"))
            .max_by(|a, b| (a - 1.0).abs().total_cmp(&(b - 1.0).abs()));
        Row {
            group,
            workload: table.workload.to_owned(),
            threads: table.threads,
            arm: self.arm.to_owned(),
            app_ns: middle("app_ns"),
            all_ns: middle("all_ns"),
            app_instructions: counted("app"),
            all_instructions: counted("all"),
            app_allocs: middle("app_allocs"),
            all_allocs: middle("all_allocs"),
            delivered,
        }
    }

    /// The median of the ratios to `base` within each round.
    fn ratio(&self, base: &Self, key: &str) -> Option<f64> {
        let pairs = self.rounds.iter().zip(&base.rounds);
        median(pairs.filter_map(|(mine, its)| Some(mine.get(key)? / its.get(key)?)))
    }

    fn range(&self, key: &str) -> Option<(f64, f64)> {
        let values = || self.rounds.iter().filter_map(|round| round.get(key));
        Some((values().reduce(f64::min)?, values().reduce(f64::max)?))
    }
}

/// Prints the table and returns its rows.
pub(crate) fn print(group: &'static str, table: &Table, measured: &[Measured]) -> Vec<Row> {
    let base = measured.iter().find(|arm| arm.arm == table.base);
    let cores = match table.cores {
        Cores::Same => "all on one core",
        Cores::Split => "background on the other core",
        Cores::Free => "cores as scheduled",
    };
    println!(
        "\n### {group} {}: {} ({} thread{}, {cores}; ratios to {})\n",
        table.workload,
        table.title,
        table.threads,
        if table.threads == 1 { "" } else { "s" },
        table.base
    );
    println!(
        "| arm | app ns | ratio | min..max | all ns | ratio | app instr. | all instr. | app allocs | all allocs | delivered |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    measured
        .iter()
        .map(|arm| {
            let row = arm.row(group, table);
            let ratio = |key| shown(base.and_then(|base| arm.ratio(base, key)), 2);
            let range = arm.range("app_ns");
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                row.arm,
                shown(row.app_ns, 1),
                ratio("app_ns"),
                range.map_or("-".to_owned(), |(low, high)| format!("{low:.1}..{high:.1}")),
                shown(row.all_ns, 1),
                ratio("all_ns"),
                shown(row.app_instructions, 0),
                shown(row.all_instructions, 0),
                shown(row.app_allocs, 2),
                shown(row.all_allocs, 2),
                delivery(&row),
            );
            row
        })
        .collect()
}

/// `-` for what was not measured.
fn shown(value: Option<f64>, decimals: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn delivery(row: &Row) -> String {
    let ratio = shown(row.delivered, 3);
    if row.is_void() {
        format!("{ratio} VOID")
    } else {
        ratio
    }
}

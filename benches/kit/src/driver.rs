//! `main` of a group: measures its tables.

use std::io;
use std::process::{Command, ExitCode};

use crate::arm::Arm;
use crate::callgrind;
use crate::child;
use crate::figures::Figures;
use crate::goal::{self, Goal};
use crate::options::Options;
use crate::row::{append, append_objects};
use crate::table::{self, Cores, Measured, Results, Table};

/// Measures `tables` and says how the figures stand to `goals`; or, in a process that this one started, measures the
/// one arm its arguments name.
///
/// `make` builds the arm of a name for the input of a table, and `None` when it knows neither.
pub fn run(
    group: &'static str,
    tables: &[Table],
    goals: &[Goal],
    make: impl Fn(&str, &str) -> Option<Arm>,
) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if child::is_asked(&arguments) {
        return child::run(&arguments, make);
    }
    let options = match Options::from_arguments(&arguments) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let measured = measure(tables, &options);
    let mut rows = Vec::new();
    for (table, arms) in &measured {
        rows.extend(table::print(group, table, arms));
    }
    let goals = goal::print(goals, &measured);
    if let Some(file) = &options.json
        && let Err(error) = append(file, &rows).and_then(|()| append_objects(file, &goals))
    {
        eprintln!("{}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    let void = rows.iter().filter(|row| row.is_void()).count();
    if void > 0 {
        println!("\n{group}: {void} rows are void and say nothing");
    }
    ExitCode::SUCCESS
}

/// A round goes over every arm of every table, so that figures of two tables can be compared within a round too.
fn measure<'a>(tables: &'a [Table], options: &Options) -> Results<'a> {
    let asked = |table: &&Table| {
        let only = &options.only;
        only.is_empty() || only.iter().any(|workload| workload == table.workload)
    };
    let arms = |table: &Table| table.arms.iter().copied().map(Measured::of).collect();
    let mut measured: Results<'a> = tables
        .iter()
        .filter(asked)
        .map(|table| (table, arms(table)))
        .collect();
    for _ in 0..options.rounds {
        for (table, arms) in &mut measured {
            for arm in arms {
                arm.rounds.push(time(table, arm.arm, options));
            }
        }
    }
    for (table, arms) in &mut measured {
        // Callgrind runs one thread at a time: it cannot tell what threads and cores do to each other.
        if options.instructions && table.threads == 1 && table.cores == Cores::Same {
            for arm in arms {
                arm.instructions = report(arm.arm, callgrind::count(arm.arm, table.input));
            }
        }
    }
    measured
}

/// One arm in a process of its own; no figures when it failed.
fn time(table: &Table, arm: &str, options: &Options) -> Figures {
    let output = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .args(child::arguments(table, arm, options.milliseconds))
            .output()
    });
    let figures = output.and_then(|output| {
        if output.status.success() {
            Ok(Figures::parse(&String::from_utf8_lossy(&output.stdout)))
        } else {
            let cause = String::from_utf8_lossy(&output.stderr);
            let cause = format!("{}: {}", output.status, cause.trim_end());
            Err(io::Error::other(cause))
        }
    });
    report(arm, figures).unwrap_or_default()
}

fn report(arm: &str, figures: io::Result<Figures>) -> Option<Figures> {
    figures
        .inspect_err(|error| eprintln!("{arm} fails: {error}"))
        .ok()
}

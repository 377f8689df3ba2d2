//! `main` of a group: measures its tables.

use std::io;
use std::process::{Command, ExitCode};

use crate::arm::Arm;
use crate::callgrind;
use crate::child;
use crate::figures::Figures;
use crate::options::Options;
use crate::row::{Row, append};
use crate::table::{self, Cores, Measured, Table};

/// Measures `tables`, or, in a process that this one started, the one arm its arguments name.
///
/// `make` builds the arm of a name for the input of a table, and `None` when it knows neither.
pub fn run(
    group: &'static str,
    tables: &[Table],
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
    let mut void = 0;
    for table in tables {
        let rows = measure(group, table, &options);
        void += rows.iter().filter(|row| row.is_void()).count();
        if let Some(file) = &options.json
            && let Err(error) = append(file, &rows)
        {
            eprintln!("{}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    if void > 0 {
        println!("\n{group}: {void} rows are void and say nothing");
    }
    ExitCode::SUCCESS
}

fn measure(group: &'static str, table: &Table, options: &Options) -> Vec<Row> {
    let mut measured: Vec<_> = table
        .arms
        .iter()
        .map(|arm| Measured {
            arm,
            rounds: Vec::new(),
            instructions: None,
        })
        .collect();
    for _ in 0..options.rounds {
        for arm in &mut measured {
            arm.rounds.push(time(table, arm.arm, options));
        }
    }
    // Callgrind runs one thread at a time: it cannot tell what threads and cores do to each other.
    if options.instructions && table.threads == 1 && table.cores == Cores::Same {
        for arm in &mut measured {
            arm.instructions = report(arm.arm, callgrind::count(arm.arm, table.input));
        }
    }
    table::print(group, table, &measured)
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

//! The reference program of gomon: a web shop on SQLite that is monitored from end to end and
//! drives itself. `shop --help` says what it can do.

mod args;
mod check;
mod db;
mod error;
mod faults;
mod first_events;
mod jobs;
mod load;
mod monitoring;
mod open_shop;
mod panics;
mod pricing;
mod progress;
mod routes;
mod run;
mod scratch;
mod stock;
mod stop;

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use gomon::runtime::MonitoredAlloc;

use crate::args::Command;

#[global_allocator]
static ALLOC: MonitoredAlloc = MonitoredAlloc::new();

fn main() -> ExitCode {
    let command = match args::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(mistake) => {
            say(&format!("shop: {mistake}"));
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("shop: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Shop(args) => run::run(&args)?,
        Command::Stock(args) => stock::run(&args)?,
        Command::Help => std::io::stdout().write_all(args::USAGE.as_bytes())?,
        Command::Check { file, capture } => {
            if !check::check(&file, capture, &mut std::io::stdout().lock())? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Tree { file } => check::print_tree(&file, &mut std::io::stdout().lock())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for the person at the terminal; standard output is for events.
pub(crate) fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    // What the progress line may have left there.
    let rest = if stderr.is_terminal() {
        progress::ERASE_REST
    } else {
        ""
    };
    // Nobody listens: nothing is lost that anybody wanted.
    let _ = writeln!(stderr, "{line}{rest}");
}

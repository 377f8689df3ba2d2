//! Holds gomon under load and checks what must hold: memory within its cap, no producer held up, every event delivered
//! or counted as dropped. Each load runs in a process of its own, so that the memory of one is not that of another.

mod calls;
mod checks;
mod length;
mod memory;
mod overload;
mod producers;
mod sequence;
mod sink;
mod steady;
mod stuck;
mod tasks;
mod tcp_lines;

use std::error::Error;
use std::process::{Command, ExitCode};

use crate::checks::Checks;
use crate::length::Length;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Load {
    name: &'static str,
    title: &'static str,
    run: fn(Length, &mut Checks) -> Result<()>,
}

const LOADS: [Load; 4] = [
    Load {
        name: "L1",
        title: "steady: four producers, the sink in a second process",
        run: steady::run,
    },
    Load {
        name: "L2",
        title: "overload: producers that never wait, a sink at a tenth of their rate",
        run: overload::run,
    },
    Load {
        name: "L3",
        title: "a stuck listener beside two healthy ones",
        run: stuck::run,
    },
    Load {
        name: "L10",
        title: "100,000 tasks with open events, half of them cancelled",
        run: tasks::run,
    },
];

/// The first argument of a process that runs one load.
const ONE: &str = "one-load";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [sink::ROLE, pace] => sink::serve(pace).map(|()| true),
        [overload::ROLE, milliseconds] => overload::run_idle(milliseconds).map(|()| true),
        [ONE, length, name] => run_one(length, name),
        _ => run_all(&words),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything held.
fn run_all(words: &[&str]) -> Result<bool> {
    let (options, names): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| word.starts_with('-'));
    let length = match options[..] {
        [] => Length::Usual,
        [option] => Length::of(option)?,
        _ => return Err("one of --short and --full".into()),
    };
    for name in &names {
        find(name)?;
    }
    let program = std::env::current_exe()?;
    let mut held = true;
    for load in LOADS
        .iter()
        .filter(|load| names.is_empty() || names.contains(&load.name))
    {
        println!("\n{}  {}", load.name, load.title);
        let mut child = Command::new(&program);
        child.args([ONE, length.option(), load.name]);
        held &= child.status()?.success();
    }
    Ok(held)
}

fn run_one(length: &str, name: &str) -> Result<bool> {
    let mut checks = Checks::default();
    (find(name)?.run)(Length::of(length)?, &mut checks)?;
    Ok(checks.held())
}

fn find(name: &str) -> Result<&'static Load> {
    let load = LOADS.iter().find(|load| load.name == name);
    load.ok_or_else(|| format!("unknown load {name}: L1, L2, L3, L10").into())
}

//! What the command line and the environment of a group ask for.

use std::path::PathBuf;

/// How a group is measured. scripts/bench passes the arguments on and has the usage text.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds over all arms of a table: `ROUNDS`, 5.
    pub rounds: usize,
    /// How long one arm is measured in one round, in ms: `MS`, 100.
    pub milliseconds: u64,
    /// How long a server is put under load in one round, in s: `SECS`, 2.
    pub seconds: u64,
    /// `--instructions`: callgrind counts too.
    pub instructions: bool,
    /// `--only WORKLOAD`, any number of them: the other tables are left out.
    pub only: Vec<String>,
    /// `--json FILE`: rows are appended there, one object a line.
    pub json: Option<PathBuf>,
}

impl Options {
    /// Reads arguments and environment.
    ///
    /// # Errors
    ///
    /// Says which argument or variable is not understood.
    pub fn from_arguments(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            rounds: usize::try_from(number("ROUNDS", 5)?).map_err(|error| error.to_string())?,
            milliseconds: number("MS", 100)?,
            seconds: number("SECS", 2)?,
            instructions: false,
            only: Vec::new(),
            json: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--instructions" => options.instructions = true,
                "--only" => {
                    let workload = arguments.next().ok_or("--only needs a workload")?;
                    options.only.push(workload.clone());
                }
                "--json" => {
                    let file = arguments.next().ok_or("--json needs a file")?;
                    options.json = Some(file.into());
                }
                unknown => return Err(format!("unknown argument {unknown}")),
            }
        }
        Ok(options)
    }
}

/// A whole number above zero from the environment.
fn number(name: &str, default: u64) -> Result<u64, String> {
    let Ok(value) = std::env::var(name) else {
        return Ok(default);
    };
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{name}={value}: not a whole number above zero")),
    }
}

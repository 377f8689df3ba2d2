//! Instruction counts: the same on a busy machine as on an idle one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io, process};

use crate::child;
use crate::figures::Figures;

/// Instructions an operation, of the first thread (`app`) and of all threads (`all`).
pub(crate) fn count(arm: &str, input: &str) -> io::Result<Figures> {
    let folder = Scratch::new()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--separate-threads=yes"])
        // Start-up, with the calibration of clocks, is not what is asked for.
        .arg(format!("--zero-before={}", child::MEASURED_FUNCTION))
        .arg(format!(
            "--callgrind-out-file={}",
            folder.0.join("out").display()
        ))
        .arg(env::current_exe()?)
        .args(child::arguments_for_callgrind(arm, input))
        .output()?;
    let said = Figures::parse(&String::from_utf8_lossy(&output.stdout));
    let operations = said.get("operations").zip(said.get("all_operations"));
    let Some((operations, all_operations)) = operations else {
        let cause = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(cause.trim_end().to_owned()));
    };
    let (mut app, mut others) = (0.0, 0.0);
    for file in fs::read_dir(&folder.0)?.flatten() {
        let total = total(&file.path())?;
        if file.file_name().to_string_lossy().ends_with("-01") {
            app = total / operations;
        } else {
            // Only the counters of the thread that enters the function begin at zero there.
            others += total / all_operations;
        }
    }
    let mut figures = Figures::default();
    figures.set("app", app);
    figures.set("all", app + others);
    Ok(figures)
}

/// The last "totals:" line of a dump, which has one a part.
fn total(dump: &Path) -> io::Result<f64> {
    let content = fs::read_to_string(dump)?;
    let total = content
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals: "))
        .and_then(|total| total.trim().parse().ok());
    Ok(total.unwrap_or(0.0))
}

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("bench-callgrind-{}", process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning of its temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

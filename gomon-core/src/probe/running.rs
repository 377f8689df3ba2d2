use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::context::unmonitored;
use crate::event::limits::prefix;
use crate::probe::TEXT_BYTES;
use crate::probe::registry::here;

/// Runs an action of a probe with arguments, on this thread, and gives back what it says.
///
/// # Errors
///
/// [`RunError::NoProbe`] and [`RunError::NoAction`] if there is none of that name, [`RunError::Arguments`] for more than 16
/// or ones longer than 1,024 bytes, [`RunError::Failed`] with what the action says, and if it panics.
pub fn run(probe: &str, action: &str, args: &[&str]) -> Result<String, RunError> {
    if args.len() > MOST_ARGUMENTS || args.iter().any(|arg| arg.len() > TEXT_BYTES) {
        return Err(RunError::Arguments);
    }
    let probes = here();
    let entry = probes.iter().find(|entry| entry.name == probe);
    let parts = entry.ok_or(RunError::NoProbe)?.parts.lock().clone();
    let mut actions = parts.actions.iter();
    let (_, run) = actions
        .find(|(name, _)| name == action)
        .ok_or(RunError::NoAction)?;
    let said = guarded(|| run(args)).and_then(|said| said);
    match said {
        Ok(said) => Ok(prefix(&said, ANSWER_BYTES).to_owned()),
        Err(error) => Err(RunError::Failed(prefix(&error, ANSWER_BYTES).to_owned())),
    }
}

/// Makes a file of a probe, on this thread.
///
/// # Errors
///
/// [`RunError::NoProbe`] and [`RunError::NoFile`] if there is none of that name, [`RunError::Failed`] if making it panics.
pub fn file(probe: &str, name: &str) -> Result<Vec<u8>, RunError> {
    let probes = here();
    let entry = probes.iter().find(|entry| entry.name == probe);
    let parts = entry.ok_or(RunError::NoProbe)?.parts.lock().clone();
    let mut files = parts.files.iter();
    let (_, make) = files
        .find(|(other, _)| other == name)
        .ok_or(RunError::NoFile)?;
    guarded(|| make()).map_err(RunError::Failed)
}

/// Why an action came to nothing, or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// No probe has that name.
    NoProbe,
    /// The probe has no action of that name.
    NoAction,
    /// The probe has no file of that name.
    NoFile,
    /// There are more than 16 arguments, or one is longer than 1,024 bytes.
    Arguments,
    /// What the action says of it, or that it or what makes the file panicked.
    Failed(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoProbe => "there is no such probe",
            Self::NoAction => "the probe has no such action",
            Self::NoFile => "the probe has no such file",
            Self::Arguments => "there are more than 16 arguments, or one is longer than 1024 bytes",
            Self::Failed(why) => why,
        })
    }
}

impl std::error::Error for RunError {}

/// Calls the user's code: nothing of it is monitored, and a panic is an error.
pub(super) fn guarded<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(|| unmonitored(f))).map_err(|payload| {
        let text = payload.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let said = match text {
            Some(text) => format!("it panicked: {}", prefix(text, TEXT_BYTES)),
            None => "it panicked".to_owned(),
        };
        // It may panic again when it is dropped.
        std::mem::forget(payload);
        said
    })
}

const MOST_ARGUMENTS: usize = 16;
const ANSWER_BYTES: usize = 16 << 10;

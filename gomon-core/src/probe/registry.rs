use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::context::Context;
use crate::probe::NAME_BYTES;
use crate::probe::guard::Probe;

/// Registers a probe under a name.
///
/// ```
/// use gomon_core::probe::{self, RegisterError};
///
/// let first = probe::register("queue")?;
/// assert_eq!(probe::register("queue").unwrap_err(), RegisterError::Taken);
/// let second = probe::register_next("queue")?;
/// assert_eq!(second.name(), "queue-2");
/// drop(first);
/// assert!(probe::register("queue").is_ok());
/// # Ok::<(), RegisterError>(())
/// ```
///
/// # Errors
///
/// [`RegisterError::Taken`] while another probe has that name, [`RegisterError::Name`] if it is empty or longer than 64
/// bytes, [`RegisterError::Full`] when there are 256. A wrapper goes on without a probe then.
pub fn register(name: impl Into<String>) -> Result<Probe, RegisterError> {
    let name = name.into();
    check(&name)?;
    add(&mut PROBES.lock(), Context::current().scope(), name)
}

/// The same for a kind of thing of which there may be several: while the name is taken, `-2`, `-3` and so on is added to it.
///
/// # Errors
///
/// As [`register`], but for `Taken`.
pub fn register_next(name: impl Into<String>) -> Result<Probe, RegisterError> {
    let name = name.into();
    check(&name)?;
    let scope = Context::current().scope();
    let mut probes = PROBES.lock();
    // Among so many names and one more there is a free one.
    for number in 1..=MOST_PROBES + 1 {
        let name = match number {
            1 => name.clone(),
            _ => format!("{name}-{number}"),
        };
        match add(&mut probes, scope, name) {
            Err(RegisterError::Taken) => {}
            other => return other,
        }
    }
    Err(RegisterError::Full)
}

fn check(name: &str) -> Result<(), RegisterError> {
    match name.len() {
        1..=NAME_BYTES => Ok(()),
        _ => Err(RegisterError::Name),
    }
}

fn add(probes: &mut Vec<Arc<Entry>>, scope: u32, name: String) -> Result<Probe, RegisterError> {
    if probes
        .iter()
        .any(|probe| probe.scope == scope && probe.name == name)
    {
        return Err(RegisterError::Taken);
    }
    if probes.len() >= MOST_PROBES {
        return Err(RegisterError::Full);
    }
    let entry = Arc::new(Entry {
        name,
        scope,
        parts: Mutex::default(),
    });
    probes.push(Arc::clone(&entry));
    Ok(Probe { entry })
}

/// Why there is no probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another one has that name, and keeps it.
    Taken,
    /// The name is empty or longer than 64 bytes.
    Name,
    /// There are 256 probes.
    Full,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "another probe has that name",
            Self::Name => "a probe's name has 1 to 64 bytes",
            Self::Full => "there are 256 probes already",
        })
    }
}

impl std::error::Error for RegisterError {}

/// A probe as it is registered.
pub(super) struct Entry {
    pub(super) name: String,
    /// Which recorder's test it belongs to; 0 is the process.
    scope: u32,
    pub(super) parts: Mutex<Parts>,
}

/// What a probe has. A reader takes a copy: nothing here runs under the lock.
#[derive(Clone, Default)]
pub(super) struct Parts {
    pub(super) gauges: Vec<(Cow<'static, str>, Gauge)>,
    pub(super) rows: Vec<(Cow<'static, str>, Row)>,
    pub(super) actions: Vec<(Cow<'static, str>, Action)>,
    pub(super) files: Vec<(Cow<'static, str>, File)>,
    pub(super) refused: usize,
}

type Named<T> = Vec<(Cow<'static, str>, Arc<T>)>;
pub(super) type Gauge = Arc<dyn Fn() -> f64 + Send + Sync>;
pub(super) type Row = Arc<dyn Fn() -> Cow<'static, str> + Send + Sync>;
pub(super) type File = Arc<dyn Fn() -> Vec<u8> + Send + Sync>;
pub(super) type Action = Arc<dyn Fn(&[&str]) -> Result<Cow<'static, str>, String> + Send + Sync>;

impl Entry {
    /// Adds a part, in the place of one of the same name.
    pub(super) fn add<T: ?Sized>(
        &self,
        name: Cow<'static, str>,
        of: impl FnOnce(&mut Parts) -> &mut Named<T>,
        part: Arc<T>,
    ) {
        let mut parts = self.parts.lock();
        let list = of(&mut parts);
        let room = check(&name).is_ok() && list.len() < MOST_PARTS;
        let old = list.iter_mut().find(|(other, _)| *other == name);
        let replaced = match old {
            Some((_, old)) => Some(std::mem::replace(old, part)),
            None if room => {
                list.push((name, part));
                None
            }
            None => {
                parts.refused += 1;
                Some(part)
            }
        };
        // The user's to drop: not under the lock.
        drop(parts);
        drop(replaced);
    }
}

/// The probes that the running test, or the process, has.
pub(super) fn here() -> Vec<Arc<Entry>> {
    let scope = Context::current().scope();
    let probes = PROBES.lock();
    let here = probes.iter().filter(|probe| probe.scope == scope);
    here.cloned().collect()
}

pub(super) fn remove(entry: &Arc<Entry>) {
    let mut probes = PROBES.lock();
    let at = probes.iter().position(|other| Arc::ptr_eq(other, entry));
    let removed = at.map(|at| probes.remove(at));
    drop(probes);
    drop(removed);
}

const MOST_PROBES: usize = 256;
const MOST_PARTS: usize = 32;
/// In the order in which they were registered.
static PROBES: Mutex<Vec<Arc<Entry>>> = Mutex::new(Vec::new());

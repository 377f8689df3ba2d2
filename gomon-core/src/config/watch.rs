//! Reads the configuration file again when it changes, and when the process gets SIGHUP.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::config::error::ConfigError;
use crate::{bus, clock, hot, life, notice, state};

/// Watches the file of this run.
pub(crate) fn start(run: u32) -> std::io::Result<()> {
    if WATCHED.swap(run, Ordering::Relaxed) == run {
        return Ok(());
    }
    std::thread::Builder::new()
        .name("gomon-config".to_owned())
        .spawn(move || Watch::default().run(run))?;
    Ok(())
}

/// What was wrong with the file when it was read last; `None` if nothing was.
#[must_use]
pub fn config_error() -> Option<ConfigError> {
    LAST_ERROR.lock().clone()
}

#[derive(Default)]
struct Watch {
    hangup: Arc<AtomicBool>,
    /// The file as it was looked at last.
    seen: Option<(SystemTime, u64)>,
}

impl Watch {
    fn run(mut self, run: u32) {
        hot::mark_own_thread();
        // Where there is no such signal, or nobody may ask for it, the file is still looked at.
        let hangup =
            signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&self.hangup));
        self.has_changed();
        // It may have changed since it was read.
        let _ = reload_config();
        while state::load().is_running() && state::load().run() == run {
            std::thread::park_timeout(LOOK_EVERY);
            let told = self.hangup.swap(false, Ordering::Relaxed);
            if self.has_changed() || told {
                let _ = reload_config();
            }
        }
        if let Ok(id) = hangup {
            signal_hook::low_level::unregister(id);
        }
    }

    fn has_changed(&mut self) -> bool {
        let seen = life::config_path().and_then(|path| looked_at(&path));
        // A file that is being replaced is not there for a moment.
        seen.is_some() && std::mem::replace(&mut self.seen, seen) != seen
    }
}

fn looked_at(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Reads the configuration file of this run again, and takes over all of it, or nothing if anything is wrong: then what was
/// set before stays, and a `log` event says what is wrong. True if anything was changed.
///
/// gomon does so itself within a second of a change of the file, and when the process gets SIGHUP. What is not in the file
/// any more is as it was before the file was read, but for limits of listeners, which stay.
///
/// # Errors
///
/// What is wrong with the file, with its line.
pub fn reload_config() -> Result<bool, ConfigError> {
    let reloaded = life::over::reload();
    let was_wrong = {
        let mut last = LAST_ERROR.lock();
        std::mem::replace(&mut *last, reloaded.as_ref().err().cloned())
    };
    match &reloaded {
        // Once for each error.
        Err(error) if was_wrong.as_ref() != Some(error) => {
            note("error", &format!("{error}; the settings stay as they were"));
        }
        Ok(true) => note("info", "the configuration was read again"),
        Ok(false) | Err(_) => {}
    }
    reloaded
}

/// Sends a `log` event of gomon's own.
fn note(level: &'static str, message: &str) {
    let record = notice::record(level, "gomon::config", message);
    bus::send_without_ring(record, clock::now());
}

static WATCHED: AtomicU32 = AtomicU32::new(u32::MAX);
static LAST_ERROR: Mutex<Option<ConfigError>> = Mutex::new(None);
const LOOK_EVERY: Duration = Duration::from_millis(250);

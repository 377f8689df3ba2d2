//! Settings that hold for a time, over all others.

use std::thread::Thread;
use std::time::Duration;

use crate::bus;
use crate::config::{Config, plugin};
use crate::error::Error;
use crate::life::{CHANGING, LIFE};
use crate::{clock, fork, hot, notice, state};

/// What holds for now.
#[derive(Debug)]
pub(super) struct Temporary {
    pub(super) config: Config,
    number: u64,
    /// By the monotonic clock.
    until: Duration,
    /// Who ends them then.
    ender: Option<Thread>,
}

impl Temporary {
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_sub(clock::monotonic())
    }
}

/// Puts settings over all others, also those of a file and of the environment, for so long: then everything is again as it was, with what was
/// changed meanwhile. They take the place of those that were set so before. A `log` event says when they begin and end.
///
/// For an operator who wants to see more for a while, and not to be trusted to remember. It works while gomon runs and before; what
/// they say of [`Switch`](crate::switch::Switch)es has times of its own.
///
/// # Errors
///
/// [`Error::AlreadyStarted`] if they name an application, [`Error::Config`] if settings of a plug-in are wrong, or if the time is not between a
/// millisecond and 24 hours, [`Error::Thread`] if the thread that is to end them cannot start, [`Error::Forked`] in a child of a process in which
/// gomon ran; nothing is changed then.
///
/// ```
/// use std::time::Duration;
/// use gomon_core::{capture, end_temporary_config, set_config_for};
///
/// let config = serde_json::from_str(r#"{"capture": "full"}"#)?;
/// set_config_for(config, Duration::from_secs(300))?;
/// assert_eq!(capture().rows(), 10);
/// assert!(end_temporary_config()); // or it ends after five minutes
/// assert_eq!(capture().rows(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_config_for(config: Config, time: Duration) -> Result<(), Error> {
    if fork::is_child() {
        return Err(Error::Forked);
    }
    if config.application_id.is_some() {
        return Err(Error::AlreadyStarted);
    }
    if time < SHORTEST || time > LONGEST {
        let message = "settings for a time are for a millisecond to 24 hours";
        return Err(crate::ConfigError::new("time", None, message).into());
    }
    let until = clock::monotonic() + time;
    let number = {
        let _changing = CHANGING.lock();
        plugin::check(&config.plugins)?;
        replace(Some((config, until)))?
    };
    say(&format!("settings for {time:?} are in force"));
    let ender = std::thread::Builder::new()
        .name("gomon-config-end".to_owned())
        .spawn(move || end_then(number, until));
    match ender {
        Ok(ender) => {
            let mut life = LIFE.lock();
            let mine = life.temporary.as_mut();
            match mine.filter(|now| now.number == number) {
                Some(now) => now.ender = Some(ender.thread().clone()),
                // Others have taken their place meanwhile.
                None => ender.thread().unpark(),
            }
            Ok(())
        }
        Err(error) => {
            end(Some(number));
            Err(Error::Thread(error))
        }
    }
}

/// Waits until then, or until they are ended or replaced: a thread stays no longer than its settings.
fn end_then(number: u64, until: Duration) {
    hot::mark_own_thread();
    loop {
        let left = until.saturating_sub(clock::monotonic());
        let current = LIFE.lock().temporary.as_ref().map(|now| now.number);
        if left.is_zero() || current != Some(number) {
            break;
        }
        std::thread::park_timeout(left);
    }
    end(Some(number));
}

/// Ends the settings that were set for a time, before it; false if there are none.
#[must_use = "false says that there were none"]
pub fn end_temporary_config() -> bool {
    !fork::is_child() && end(None)
}

/// Ends them, if they are still those of that number.
fn end(number: Option<u64>) -> bool {
    let _changing = CHANGING.lock();
    let current = LIFE.lock().temporary.as_ref().map(|now| now.number);
    if current.is_none() || number.is_some_and(|number| Some(number) != current) {
        return false;
    }
    // What was right before is right now.
    let ended = replace(None).is_ok();
    say("settings for a time have ended");
    ended
}

/// While settings change. Gives the number of what is there now.
fn replace(new: Option<(Config, Duration)>) -> Result<u64, Error> {
    let (code, over) = {
        let life = LIFE.lock();
        (life.config.clone(), life.over.clone())
    };
    let config = new.as_ref().map(|(config, _)| config.clone());
    let plugins = code.with(over).with(config.unwrap_or_default()).plugins;
    let ready = plugin::prepare(&plugins)?;
    let mut life = LIFE.lock();
    let root = life.outer().root;
    let number = life.next_temporary;
    life.next_temporary += 1;
    let new = new.map(|(config, until)| Temporary {
        config,
        number,
        until,
        ender: None,
    });
    let old = std::mem::replace(&mut life.temporary, new);
    let outer = life.outer();
    life.overridden.put(&outer);
    life.apply(root != outer.root);
    drop(life);
    if let Some(ender) = old.and_then(|old| old.ender) {
        ender.unpark();
    }
    plugin::keep(plugins);
    ready.into_iter().for_each(plugin::Ready::apply);
    Ok(number)
}

fn say(message: &str) {
    if !state::load().is_running() {
        return;
    }
    let record = notice::record("info", "gomon::config", message);
    bus::send_without_ring(record, clock::now());
}

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

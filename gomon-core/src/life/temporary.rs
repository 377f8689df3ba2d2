//! Settings that hold for a time, over all others.

use std::time::Duration;

use crate::bus;
use crate::config::{Config, plugin};
use crate::error::Error;
use crate::life::{CHANGING, LIFE};
use crate::{clock, fork, hot, notice};

/// What holds for now.
#[derive(Debug)]
pub(super) struct Temporary {
    pub(super) config: Config,
    number: u64,
    /// By the monotonic clock.
    until: Duration,
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
    let number = {
        let _changing = CHANGING.lock();
        plugin::check(&config.plugins)?;
        replace(Some((config, clock::monotonic() + time)))?
    };
    say(&format!("settings for {time:?} are in force"));
    let ended = std::thread::Builder::new()
        .name("gomon-config-end".to_owned())
        .spawn(move || {
            hot::mark_own_thread();
            // Nobody unparks it; it may wake up all the same.
            let until = clock::monotonic() + time;
            while let Some(left) = until
                .checked_sub(clock::monotonic())
                .filter(|left| !left.is_zero())
            {
                std::thread::park_timeout(left);
            }
            end(Some(number));
        });
    if let Err(error) = ended {
        end(Some(number));
        return Err(Error::Thread(error));
    }
    Ok(())
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
    life.temporary = new.map(|(config, until)| Temporary {
        config,
        number,
        until,
    });
    let outer = life.outer();
    life.overridden.put(&outer);
    life.apply(root != outer.root);
    drop(life);
    plugin::keep(plugins);
    ready.into_iter().for_each(plugin::Ready::apply);
    Ok(number)
}

fn say(message: &str) {
    let record = notice::record("info", "gomon::config", message);
    bus::send_without_ring(record, clock::now());
}

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

//! What is known of each connection, and how SQLite's calls find it.
//!
//! rusqlite 0.39 takes a function and no closure, and tells with a statement neither its connection nor its address. So there is a
//! function for each of so many connections. (From 0.40 on it takes closures; that one is for another SQLite than sqlx 0.9.)

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::traced::Traced;
use crate::config::SqlConfig;

/// Monitors a connection until it is closed. rusqlite keeps one trace function for a connection, so this takes the place of another
/// one. On a connection that is monitored already it changes the settings alone; to find that out it runs `SELECT 1`.
///
/// # Errors
/// When 256 connections are monitored already.
pub fn install(connection: &Connection) -> Result<(), InstallError> {
    install_with(connection, SqlConfig::new())
}

/// The same with settings of its own.
///
/// # Errors
/// As [`install`].
pub fn install_with(connection: &Connection, config: SqlConfig) -> Result<(), InstallError> {
    if let Some(slot) = slot_of(connection).and_then(|slot| SLOTS.get(slot))
        && let Some(traced) = lock(slot).as_mut()
    {
        traced.set_config(config);
        return Ok(());
    }
    for (slot, told) in SLOTS.iter().zip(TOLD.iter().flatten()) {
        let mut slot = lock(slot);
        if slot.is_none() {
            *slot = Some(Box::new(Traced::new(config)));
            connection.trace_v2(TraceEventCodes::all(), Some(*told));
            return Ok(());
        }
    }
    Err(InstallError::TooManyConnections)
}

/// Where a connection is monitored already: the function that SQLite calls says so.
fn slot_of(connection: &Connection) -> Option<usize> {
    QUESTION.set(Question::Asked);
    // Whatever comes of it, it was told of before.
    let _one = connection.query_row("SELECT 1", [], |_| Ok(()));
    match QUESTION.replace(Question::None) {
        Question::Answered(slot) => Some(slot),
        Question::None | Question::Asked => None,
    }
}

/// What goes on in [`slot_of`].
#[derive(Clone, Copy)]
enum Question {
    None,
    Asked,
    Answered(usize),
}

thread_local! {
    static QUESTION: Cell<Question> = const { Cell::new(Question::None) };
}

/// Why a connection cannot be monitored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallError {
    /// As many as can be are monitored already.
    TooManyConnections,
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyConnections => write!(f, "more than {CONNECTIONS} connections"),
        }
    }
}

impl Error for InstallError {}

const CONNECTIONS: usize = 256;

static SLOTS: [Mutex<Option<Box<Traced>>>; CONNECTIONS] = [const { Mutex::new(None) }; CONNECTIONS];

macro_rules! sixteen {
    ($high:literal) => {
        sixteen!($high: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($high:literal: $($low:literal)*) => {
        [$(told::<{ $high * 16 + $low }> as fn(TraceEvent<'_>)),*]
    };
}

/// One function for each slot.
static TOLD: [[fn(TraceEvent<'_>); 16]; 16] = [
    sixteen!(0),
    sixteen!(1),
    sixteen!(2),
    sixteen!(3),
    sixteen!(4),
    sixteen!(5),
    sixteen!(6),
    sixteen!(7),
    sixteen!(8),
    sixteen!(9),
    sixteen!(10),
    sixteen!(11),
    sixteen!(12),
    sixteen!(13),
    sixteen!(14),
    sixteen!(15),
];

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is rusqlite's to say how it is called"
)]
fn told<const SLOT: usize>(event: TraceEvent<'_>) {
    if !matches!(QUESTION.get(), Question::None) {
        return QUESTION.set(Question::Answered(SLOT));
    }
    if let Some(slot) = SLOTS.get(SLOT) {
        tell(slot, &event);
    }
}

fn tell(slot: &Mutex<Option<Box<Traced>>>, event: &TraceEvent<'_>) {
    let mut slot = lock(slot);
    if let TraceEvent::Close(_) = event {
        *slot = None;
    } else if let Some(traced) = slot.as_mut() {
        traced.tell(event);
    }
}

/// One thread at a time uses a connection: nobody waits here.
fn lock(slot: &Mutex<Option<Box<Traced>>>) -> MutexGuard<'_, Option<Box<Traced>>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

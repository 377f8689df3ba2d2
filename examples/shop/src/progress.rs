//! One line that tells how a long run goes, written over and over at the bottom of a terminal.

use std::fmt;
use std::io::{IsTerminal, Write, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::load::Tally;
use crate::stop::Stopped;

/// Whether progress may be written, which it may not before the first events are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screen(Arc<AtomicBool>);

impl Screen {
    /// From now on nothing else writes to the terminal.
    pub(crate) fn leave_to_progress(&self) {
        self.0.store(true, Relaxed);
    }

    fn is_free(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Shows progress until stopped, if standard output is a terminal.
pub(crate) async fn show(tally: Arc<Tally>, screen: Screen, stopped: Stopped) {
    if !stdout().is_terminal() {
        return;
    }
    let started = Instant::now();
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stopped.is_requested() {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped.clone().requested() => {}
        }
        if screen.is_free() {
            write_over(&Progress {
                elapsed: started.elapsed(),
                tally: &tally,
            });
        }
    }
    if screen.is_free() {
        let _ = writeln!(stdout());
    }
}

struct Progress<'a> {
    elapsed: Duration,
    tally: &'a Tally,
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = gomon::stats();
        write!(
            f,
            "{} s  {} requests  {} in flight  {} events: {} delivered, {} dropped",
            self.elapsed.as_secs(),
            self.tally.sent(),
            gomon::in_flight().len(),
            events.created,
            events.delivered(),
            events.dropped(),
        )
    }
}

/// Leaves the cursor at the start of the line, for the next one to be written over it.
fn write_over(progress: &Progress<'_>) {
    let mut out = stdout().lock();
    // A narrow terminal cuts the line instead of wrapping it: only one line can be written over.
    let _ = write!(out, "\x1b[?7l{progress}{ERASE_REST}\x1b[?7h\r");
    let _ = out.flush();
}

/// Tells a terminal to erase from the cursor to the end of the line.
pub(crate) const ERASE_REST: &str = "\x1b[K";

const EVERY: Duration = Duration::from_millis(500);

//! What a person at a terminal gets to see of the events: the first ones.

use std::time::Duration;

use gomon::{Event, Listener, ListenerError, LogListener};

use crate::progress::Screen;

/// Prints the first events in readable lines, and leaves the screen to the progress line after
/// that.
#[derive(Debug)]
pub(crate) struct FirstEvents {
    log: LogListener,
    left: usize,
    screen: Screen,
}

impl FirstEvents {
    pub(crate) fn new(screen: Screen) -> Self {
        Self {
            log: LogListener::stdout(),
            left: SHOWN,
            screen,
        }
    }
}

impl Listener for FirstEvents {
    fn start(&mut self) -> Result<(), ListenerError> {
        self.log.start()
    }

    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(());
        };
        self.log.feed(event)?;
        self.left = left;
        if left == 0 {
            self.screen.leave_to_progress();
        }
        Ok(())
    }

    fn flush(&mut self, deadline: Duration) -> Result<(), ListenerError> {
        self.log.flush(deadline)
    }
}

/// Enough for a few requests with all that is below them.
const SHOWN: usize = 60;

use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use crate::wait::frame;
use crate::wait::kind::Kind;
use crate::wait::table::{Opening, Ticket};
use crate::wait::unit::Unit;

/// An open wait in the books of the unit that opened it; closed when it is dropped, wherever that
/// is.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    open: Option<(Arc<Unit>, Ticket)>,
}

/// What a wait is, for when it opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// `None` for what another unit waits for.
    pub(crate) kind: Option<Kind>,
    pub(crate) at: Option<&'static Location<'static>>,
}

impl About {
    /// What another unit waits for.
    pub(crate) const UNIT: Self = Self {
        kind: None,
        at: None,
    };
}

impl Hold {
    pub(crate) const fn new() -> Self {
        Self { open: None }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Its ticket, if it is open in the unit that is polled here. One that another unit opened is
    /// closed: its future went elsewhere.
    pub(crate) fn ticket_here(&mut self) -> Option<Ticket> {
        let (unit, ticket) = self.open.as_ref()?;
        let ticket = *ticket;
        if frame::with(|frame| Arc::ptr_eq(&frame.unit, unit)) == Some(true) {
            return Some(ticket);
        }
        self.close();
        None
    }

    /// Its future was polled here and is pending. What was touched after `after` is inside of it;
    /// nothing if that is `None`. Returns unit and ticket if it was opened just now.
    pub(crate) fn pending(
        &mut self,
        about: About,
        waker: &Waker,
        after: Option<u64>,
    ) -> Option<(&Arc<Unit>, Ticket)> {
        if let Some(ticket) = self.ticket_here() {
            frame::with(|frame| {
                let touch = frame.touch(waker);
                frame.unit.touch(ticket, touch);
            });
            return None;
        }
        self.open = frame::with(|frame| {
            let opening = Opening {
                kind: about.kind,
                at: about.at,
                inside: frame.inside(),
                after: after.unwrap_or(frame.touches()),
                touch: frame.touch(waker),
            };
            (Arc::clone(&frame.unit), frame.unit.open(&opening))
        });
        self.open.as_ref().map(|(unit, ticket)| (unit, *ticket))
    }

    /// Opens it as the wait for one of several units, in the books of what stands for all of them.
    #[cfg(feature = "tokio")]
    pub(crate) fn open_in(&mut self, set: &Arc<Unit>) -> (&Arc<Unit>, Ticket) {
        let opening = Opening {
            kind: None,
            at: None,
            inside: None,
            after: u64::MAX,
            touch: crate::wait::table::Touch::LASTING,
        };
        let ticket = set.open(&opening);
        let (set, ticket) = self.open.insert((Arc::clone(set), ticket));
        (set, *ticket)
    }

    /// True if it was open.
    pub(crate) fn close(&mut self) -> bool {
        let Some((unit, ticket)) = self.open.take() else {
            return false;
        };
        unit.close(ticket);
        true
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.close();
    }
}

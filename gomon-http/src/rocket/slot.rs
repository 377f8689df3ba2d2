//! Where the event of a request is between the fairing and the handlers.

use http::Request;
use parking_lot::Mutex;

use crate::held::Held;

/// It is cached by the request, and dropped with it.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Option<Open>>);

/// A request that is observed.
pub(crate) struct Open {
    pub(crate) exchange: Held,
    /// What is needed of its head to tell the route.
    pub(crate) unrouted: Request<()>,
}

impl Slot {
    /// That of a request.
    pub(crate) fn of<'r>(request: &'r rocket::Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    pub(crate) fn is_free(&self) -> bool {
        self.0.lock().is_none()
    }

    pub(crate) fn put(&self, open: Open) {
        *self.0.lock() = Some(open);
    }

    pub(crate) fn take(&self) -> Option<Open> {
        self.0.lock().take()
    }

    /// Takes it for as long as a handler runs.
    pub(crate) fn lend(&self) -> Lent<'_> {
        Lent {
            slot: self,
            open: self.take(),
        }
    }
}

/// It goes back to its slot however the handler ends: rocket makes a response of a panic.
pub(crate) struct Lent<'a> {
    slot: &'a Slot,
    open: Option<Open>,
}

impl Lent<'_> {
    pub(crate) fn exchange(&mut self) -> Option<&mut Held> {
        self.open.as_mut().map(|open| &mut open.exchange)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            self.slot.put(open);
        }
    }
}

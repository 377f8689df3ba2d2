//! Which physical connection a statement runs on.

use std::sync::{Arc, OnceLock};

use gomon_core::{Context, EventTracker};

use crate::keys;

/// The event of the physical connection that a statement runs on.
#[derive(Clone, Debug)]
pub(crate) enum OnConnection {
    /// Nobody sees it.
    Unseen,
    Known(Context),
    /// It is known when the pool gives one.
    ToCome(Arc<OnceLock<Context>>),
}

impl OnConnection {
    pub(crate) fn of(event: Option<Context>) -> Self {
        event.map_or(Self::Unseen, Self::Known)
    }

    /// One that a pool has yet to give; whether drivers of it see their connections, the engine says.
    #[cfg(any(
        feature = "sqlite",
        feature = "postgres",
        feature = "mysql",
        feature = "any"
    ))]
    pub(crate) fn to_come<DB: crate::typed::MonitoredDb>() -> Self {
        match DB::SEES_CONNECTIONS {
            true => Self::ToCome(Arc::default()),
            false => Self::Unseen,
        }
    }

    pub(crate) fn found(&self, event: Context) {
        if let Self::ToCome(place) = self {
            let _found_before = place.set(event);
        }
    }

    /// Sets its id, if it is known.
    pub(super) fn tell(&self, tracker: &mut EventTracker) {
        let event = match self {
            Self::Unseen => None,
            Self::Known(event) => Some(event),
            Self::ToCome(place) => place.get(),
        };
        if let Some(id) = event.and_then(Context::event_id) {
            tracker.set(keys::CONN, id);
        }
    }
}

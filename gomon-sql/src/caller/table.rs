//! The lines that were found for statements.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use parking_lot::RwLock;

use super::{Caller, Stack};
use crate::housekeeping;

/// Where the statement of this digest is called from in the unit of work that is polled now. `None` while nobody has found out;
/// then, and now and then, the stack is walked for it.
///
/// It never waits: while somebody else enters a place, nothing is found.
pub(crate) fn find(digest: u64) -> Option<Caller> {
    let key = Key {
        digest,
        unit: gomon_core::wait::kind_of_unit().unwrap_or_default(),
    };
    let place = TABLE.try_read()?.get(&key).cloned();
    let place = match place {
        Some(place) => place,
        None => enter(key)?,
    };
    if place
        .calls
        .fetch_add(1, Relaxed)
        .is_multiple_of(REFRESHED_AFTER)
    {
        housekeeping::look_up(Stack::walk(), &place);
    }
    place.line.try_read()?.clone().map(Caller::Found)
}

#[cold]
fn enter(key: Key) -> Option<Arc<Place>> {
    let mut table = TABLE.try_write()?;
    // Whatever comes then is found anew, at the cost of a walk.
    if table.len() >= MOST {
        table.clear();
    }
    Some(Arc::clone(table.entry(key).or_default()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    digest: u64,
    /// The kind of the unit of work: the same statement may be called from elsewhere on another route.
    unit: u64,
}

/// A line that was found for the statement of this digest, whatever the unit of work.
pub(crate) fn any(digest: u64) -> Option<Caller> {
    let table = TABLE.try_read()?;
    let mut places = table.iter().filter(|(key, _)| key.digest == digest);
    let line = places.find_map(|(_, place)| place.line.try_read()?.clone());
    line.map(Caller::Found)
}

/// A line that is known, or will be.
#[derive(Debug, Default)]
pub(crate) struct Place {
    line: RwLock<Option<Arc<str>>>,
    calls: AtomicU32,
}

impl Place {
    /// Looks it up; not on a thread of the program.
    pub(crate) fn learn(&self, stack: &Stack) {
        if let Some(line) = stack.line() {
            *self.line.write() = Some(line.into());
        }
    }
}

static TABLE: LazyLock<RwLock<HashMap<Key, Arc<Place>>>> = LazyLock::new(RwLock::default);

/// Statements and kinds of units: a large service has some hundred of each, of which few meet.
const MOST: usize = 4096;
/// A walk takes some microseconds: one in so many calls is not felt.
const REFRESHED_AFTER: u32 = 4096;

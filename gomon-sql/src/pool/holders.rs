//! Who holds a pool's connections.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use gomon_core::{EventTracker, Tree, monotonic};
use parking_lot::Mutex;
use sqlx_core::sql_str::SqlStr;

use crate::keys;
use crate::site::{self, Caller};
use crate::statement::{Dialect, read_cached};

/// What a connection is held for.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// An `acquire()`.
    Lease,
    Transaction,
    /// One statement.
    Statement(SqlStr, Dialect),
}

/// One that holds a connection.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    what: What,
    caller: Option<&'static Location<'static>>,
    since: Duration,
    /// It was told of as one that may have been forgotten.
    told: bool,
}

impl Holder {
    pub(crate) fn held(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }

    /// Its line, and what it is: a statement's summary, `lease` or `transaction`.
    fn describe(&self) -> (Option<Caller>, String) {
        let exact = self.caller.map(Caller::Exact);
        match &self.what {
            What::Lease => (exact, "lease".to_owned()),
            What::Transaction => (exact, "transaction".to_owned()),
            What::Statement(sql, dialect) => {
                let statement = read_cached(sql, *dialect);
                let caller = exact.or_else(|| site::caller_of(&statement.digest));
                (caller, statement.summary.clone())
            }
        }
    }

    fn tree(&self, now: Duration) -> Tree {
        let (caller, what) = self.describe();
        let tree = Tree::map().with(keys::HOLDER, what);
        let tree = tree.with(keys::HELD, self.held(now));
        match caller {
            Some(caller) => tree.with(keys::CALLER, caller.to_string()),
            None => tree,
        }
    }

    /// Sets all of it.
    pub(crate) fn tell(&self, event: &mut EventTracker, now: Duration) {
        let (caller, what) = self.describe();
        event
            .set(keys::HOLDER, what)
            .set(keys::HELD, self.held(now));
        if let Some(caller) = caller {
            caller.tell(event);
        }
    }
}

/// All that hold a connection of one pool. Their places are used again: in the long run nothing is allocated.
#[derive(Debug, Default)]
pub(crate) struct Holders(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    taken: Vec<Option<Holder>>,
    free: Vec<usize>,
}

impl Holders {
    /// Notes one, until what is returned is dropped.
    pub(crate) fn enter(
        self: &Arc<Self>,
        what: What,
        caller: Option<&'static Location<'static>>,
    ) -> Holding {
        let holder = Holder {
            what,
            caller,
            since: monotonic(),
            told: false,
        };
        let mut places = self.0.lock();
        let place = match places.free.pop() {
            Some(place) => place,
            None => {
                places.taken.push(None);
                places.taken.len() - 1
            }
        };
        if let Some(taken) = places.taken.get_mut(place) {
            *taken = Some(holder);
        }
        Holding {
            holders: Arc::clone(self),
            place,
        }
    }

    /// Tells who holds a connection, the longest first.
    pub(crate) fn tell(&self, event: &mut EventTracker) {
        let now = monotonic();
        let mut holders: Vec<Holder> = self.0.lock().taken.iter().flatten().cloned().collect();
        holders.sort_by_key(|holder| holder.since);
        let told = holders.iter().take(MOST_TOLD);
        let told: Vec<Tree> = told.map(|holder| holder.tree(now)).collect();
        if holders.len() > MOST_TOLD {
            event.note_cut(keys::HOLDERS, (holders.len() - MOST_TOLD) as u64);
        }
        event.set(keys::HOLDERS, Tree::List(told));
    }

    /// Those that have held one for so long, each of them once.
    pub(crate) fn forgotten(&self, now: Duration, after: Duration) -> Vec<Holder> {
        let mut places = self.0.lock();
        let holders = places.taken.iter_mut().flatten();
        let forgotten = holders.filter(|holder| !holder.told && holder.held(now) >= after);
        let told = forgotten.map(|holder| {
            holder.told = true;
            holder.clone()
        });
        told.collect()
    }
}

/// A connection is held as long as this is there.
#[derive(Debug)]
pub(crate) struct Holding {
    holders: Arc<Holders>,
    place: usize,
}

impl Drop for Holding {
    fn drop(&mut self) {
        let mut places = self.holders.0.lock();
        let held = places.taken.get_mut(self.place).and_then(Option::take);
        places.free.push(self.place);
        drop(places);
        // A statement's text is dropped here: not under the lock.
        drop(held);
    }
}

/// Holders that one event tells of.
const MOST_TOLD: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again() {
        let holders = Arc::new(Holders::default());
        let first = holders.enter(What::Lease, None);
        let second = holders.enter(What::Transaction, None);
        drop(first);
        let third = holders.enter(What::Lease, None);
        assert_eq!(holders.0.lock().taken.len(), 2);
        drop((second, third));
        assert!(holders.0.lock().taken.iter().all(Option::is_none));
    }

    #[test]
    fn who_holds_one_for_long_is_told_of_once() {
        let holders = Arc::new(Holders::default());
        let held = holders.enter(What::Lease, None);
        let later = monotonic() + Duration::from_secs(10);
        let after = |secs| holders.forgotten(later, Duration::from_secs(secs)).len();
        assert_eq!((after(20), after(5), after(5)), (0, 1, 0));
        drop(held);
    }
}

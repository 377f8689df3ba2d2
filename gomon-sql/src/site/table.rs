//! All sites of the program.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, LazyLock};

use parking_lot::RwLock;

use super::{Caller, Site};
use crate::engine::Engine;
use crate::profile;
use crate::statement::Statement;

/// Where the statement is called: the place that said so, or the kind of the unit of work that is polled now, for which the stack is
/// walked if `walks`.
///
/// It never waits: while somebody else enters a site, none is found. Nor is a new one found when there are too many.
pub(crate) fn find(
    engine: &Engine,
    statement: &Statement,
    exact: Option<&'static Location<'static>>,
    walks: bool,
) -> Option<Arc<Site>> {
    let kind = || gomon_core::wait::kind_of_unit().unwrap_or_default();
    let key = Key {
        digest: statement.digest_number,
        system: engine.system,
        from: exact.map_or_else(|| From::Unit(kind()), From::Line),
    };
    let site = SITES.try_read()?.get(&key).cloned();
    let site = match site {
        Some(site) => site,
        None => enter(key, statement, exact)?,
    };
    if walks && exact.is_none() {
        site.walk();
    }
    Some(site)
}

#[cold]
fn enter(
    key: Key,
    statement: &Statement,
    exact: Option<&'static Location<'static>>,
) -> Option<Arc<Site>> {
    profile::offer();
    let mut sites = SITES.try_write()?;
    if sites.len() >= MOST && !sites.contains_key(&key) {
        return None;
    }
    let system = key.system;
    let site = sites.entry(key).or_insert_with(|| {
        Arc::new(Site {
            system,
            summary: statement.summary.as_str().into(),
            digest: statement.digest.as_str().into(),
            exact,
            line: RwLock::default(),
            calls: Default::default(),
            spent: Default::default(),
        })
    });
    Some(Arc::clone(site))
}

/// All of them.
pub(crate) fn all() -> Vec<Arc<Site>> {
    SITES.read().values().cloned().collect()
}

/// A line that was found for the statement of this digest, whatever the unit of work.
pub(crate) fn caller_of(digest: u64) -> Option<Caller> {
    let sites = SITES.try_read()?;
    let mut of_statement = sites.iter().filter(|(key, _)| key.digest == digest);
    of_statement.find_map(|(_, site)| site.caller())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    digest: u64,
    system: &'static str,
    from: From,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum From {
    Line(&'static Location<'static>),
    /// The same statement may be called from elsewhere on another route.
    Unit(u64),
}

static SITES: LazyLock<RwLock<HashMap<Key, Arc<Site>>>> = LazyLock::new(RwLock::default);

/// Statements times kinds of units of work: a large service has some hundred of each, of which few meet.
const MOST: usize = 8192;

//! All sites of the program.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
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
    is_prepare: bool,
    exact: Option<&'static Location<'static>>,
    walks: bool,
) -> Option<Arc<Site>> {
    let from = match exact {
        Some(location) => std::ptr::from_ref(location).addr() as u64,
        None => gomon_core::wait::kind_of_unit().unwrap_or_default(),
    };
    let key = Key {
        statement: statement.digest_number ^ engine.system.as_ptr().addr() as u64,
        from,
        is_prepare,
        is_exact: exact.is_some(),
    };
    let site = SITES.try_read()?.get(&key).cloned();
    let site = match site {
        Some(site) => site,
        None => enter(key, engine.system, statement, exact)?,
    };
    if walks && exact.is_none() {
        site.walk();
    }
    Some(site)
}

#[cold]
fn enter(
    key: Key,
    system: &'static str,
    statement: &Statement,
    exact: Option<&'static Location<'static>>,
) -> Option<Arc<Site>> {
    profile::offer();
    let mut sites = SITES.try_write()?;
    if sites.len() >= MOST && !sites.contains_key(&key) {
        return None;
    }
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
pub(crate) fn caller_of(digest: &str) -> Option<Caller> {
    let sites = SITES.try_read()?;
    let mut of_statement = sites.values().filter(|site| *site.digest == *digest);
    of_statement.find_map(|site| site.caller())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    /// Its digest, and the engine.
    statement: u64,
    /// The line, or the kind of the unit of work: the same statement may be called from elsewhere on another route.
    from: u64,
    /// It is prepared there, and run elsewhere.
    is_prepare: bool,
    is_exact: bool,
}

impl Hash for Key {
    /// Both are mixed already, or addresses.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(
            self.statement
                ^ self
                    .from
                    .rotate_left(32)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
    }
}

/// Takes what it is given, which is mixed.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Sites = HashMap<Key, Arc<Site>, BuildHasherDefault<AsItIs>>;

static SITES: LazyLock<RwLock<Sites>> = LazyLock::new(RwLock::default);

/// Statements times kinds of units of work: a large service has some hundred of each, of which few meet.
const MOST: usize = 8192;

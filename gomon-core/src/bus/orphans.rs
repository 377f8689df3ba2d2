//! Where context was lost: orphans, counted by the site that made them.

use std::collections::BTreeMap;

use crate::event::flags::Flags;
use crate::event::limits;
use crate::event::record::Record;
use crate::event::value::{Tree, ValueRef};

/// Counts by site, of as many sites as are worth reading; the rest count together.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    sites: BTreeMap<String, u64>,
}

impl Orphans {
    /// Counts an orphan, but for its opening.
    #[cold]
    pub(super) fn note(&mut self, orphan: &Record) {
        if orphan.flags.has(Flags::OPENING) {
            return;
        }
        let site = site(orphan);
        let full = self.sites.len() >= MOST && !self.sites.contains_key(site);
        let site = if full { OTHERS } else { site };
        match self.sites.get_mut(site) {
            Some(count) => *count += 1,
            None => {
                self.sites.insert(site.to_owned(), 1);
            }
        }
    }

    pub(super) fn tree(&self) -> Tree {
        self.sites.iter().fold(Tree::map(), |tree, (site, count)| {
            tree.with(site.clone(), *count)
        })
    }
}

/// The caller where it is known, else the statement or the host, else what it is.
fn site(event: &Record) -> &str {
    let text = |key| event.get(key).and_then(ValueRef::as_str);
    let site = text("caller")
        .or_else(|| text("digest"))
        .or_else(|| host(event));
    limits::prefix(site.unwrap_or(event.fp), limits::KEY_BYTES)
}

fn host(event: &Record) -> Option<&str> {
    let url = match event.get("url") {
        Some(ValueRef::Packed(url)) => return url.text("host"),
        Some(ValueRef::Tree(Tree::Map(url))) => url,
        _ => return None,
    };
    url.iter().find_map(|(key, value)| match value {
        Tree::Str(host) if key == "host" => Some(host.as_ref()),
        _ => None,
    })
}

const MOST: usize = 64;
const OTHERS: &str = "others";

//! What a layer knows of each of its routes.

mod slow;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::RwLock;

pub use slow::Slow;

use slow::{Line, Standard};

/// The routes of one layer and its clones, up to a number: a route that comes after them is `other`.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    known: RwLock<HashMap<Box<str>, Arc<Route>, BuildHasherDefault<TemplateHasher>>>,
    other: OnceLock<Arc<Route>>,
    unknown: OnceLock<Arc<Route>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Route {
    kind: Kind,
    name: Option<Arc<str>>,
    standard: Standard,
    begun: AtomicU64,
    line: Line,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It has a template.
    Named,
    /// It came when there were enough.
    Other,
    /// Nobody knows it.
    Unknown,
}

impl Routes {
    /// The route of this template, judged by this standard; one and the same for requests whose route nobody knows.
    pub(crate) fn of(&self, template: Option<&str>, slow: &Slow) -> Arc<Route> {
        let new = |kind, template| Arc::new(Route::new(kind, template, slow.of_route(template)));
        let Some(template) = template else {
            let unknown = self.unknown.get_or_init(|| new(Kind::Unknown, None));
            return Arc::clone(unknown);
        };
        if let Some(known) = self.known.read().get(template) {
            return Arc::clone(known);
        }
        let mut known = self.known.write();
        if known.len() >= ROUTES && !known.contains_key(template) {
            let other = self.other.get_or_init(|| new(Kind::Other, Some(OTHER)));
            return Arc::clone(other);
        }
        let named = || new(Kind::Named, Some(template));
        Arc::clone(known.entry(template.into()).or_insert_with(named))
    }
}

/// Eight bytes at a time, by multiplying. Templates are the program's own: nobody chooses them to collide.
#[derive(Debug, Default)]
struct TemplateHasher(u64);

impl TemplateHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(SPREAD);
    }
}

impl Hasher for TemplateHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        self.mix(
            rest.iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        );
    }

    fn finish(&self) -> u64 {
        // The best bits are on top, and those at the bottom choose the place.
        self.0.rotate_left(26)
    }
}

/// An odd number whose bits have no pattern: 2^64 by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Route {
    fn new(kind: Kind, template: Option<&str>, standard: Standard) -> Self {
        Self {
            kind,
            name: template.map(Arc::from),
            standard,
            begun: AtomicU64::new(0),
            line: Line::default(),
        }
    }

    /// Whether it has a template.
    pub(crate) fn is_known(&self) -> bool {
        self.kind != Kind::Unknown
    }

    /// What the event calls it.
    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// A request begins. Whether it is the one of so many whose CPU time is measured; 0 is none.
    pub(crate) fn begins(&self, one_of: u32) -> bool {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        one_of != 0 && number.is_multiple_of(u64::from(one_of))
    }

    /// A request has taken so long: whether that is slow.
    pub(crate) fn took(&self, time: Duration) -> bool {
        let Standard { own, threshold } = self.standard;
        let is_long = threshold.is_some_and(|threshold| time > threshold);
        // Asked in any case: it counts.
        own && self.line.took(time) || is_long
    }
}

const ROUTES: usize = 1_000;
const OTHER: &str = "other";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_cap_a_route_is_one_of_the_others() {
        let (routes, slow) = (Routes::default(), Slow::default());
        for number in 0..ROUTES {
            let template = format!("/{number}");
            assert_eq!(
                routes.of(Some(&template), &slow).name().map(|name| &**name),
                Some(&*template)
            );
        }
        assert_eq!(
            routes.of(Some("/more"), &slow).name().map(|name| &**name),
            Some("other")
        );
        assert_eq!(
            routes.of(Some("/7"), &slow).name().map(|name| &**name),
            Some("/7")
        );
        assert!(Arc::ptr_eq(
            &routes.of(None, &slow),
            &routes.of(None, &slow)
        ));
        assert_eq!(routes.known.read().len(), ROUTES);
    }

    #[test]
    fn one_of_so_many_requests_of_a_route_is_measured_beginning_with_the_first() {
        let route = Route::new(Kind::Named, None, Standard::default());
        let measured: Vec<_> = (0..130).filter(|_| route.begins(64)).collect();
        assert_eq!(measured, [0, 64, 128]);
        assert!(!route.begins(0));
    }
}

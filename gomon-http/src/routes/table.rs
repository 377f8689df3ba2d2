use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Route;

/// Routes by their template, up to a number. None is ever taken out, so that one is found without a lock.
///
/// Levels of places, each twice as large as the one before: a template that finds a window of one full looks at the next.
#[derive(Debug, Default)]
pub(super) struct Table {
    levels: [OnceLock<Box<[Place]>>; LEVELS],
    known: AtomicUsize,
}

type Place = OnceLock<Box<Route>>;

/// Where a route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    level: usize,
    place: usize,
}

impl Table {
    /// Where the route of this template is, which may be a new one; nothing where there is no room for that.
    pub(super) fn at(&self, template: &str, new: impl Fn() -> Route) -> Option<At> {
        let hash = hash_of(template);
        for (level, places) in self.levels.iter().enumerate() {
            let size = FIRST << level;
            let places = places.get_or_init(|| (0..size).map(|_| Place::new()).collect());
            for step in 0..WINDOW {
                let place = (hash + step) % size;
                let route = match places.get(place)?.get() {
                    Some(route) => route,
                    None if self.known.load(Ordering::Relaxed) >= MOST => return None,
                    // Another thread may be faster, with this route or with one that takes its place.
                    None => places.get(place)?.get_or_init(|| {
                        self.known.fetch_add(1, Ordering::Relaxed);
                        Box::new(new())
                    }),
                };
                if route.name().is_some_and(|name| **name == *template) {
                    return Some(At { level, place });
                }
            }
        }
        None
    }

    pub(super) fn get(&self, At { level, place }: At) -> Option<&Route> {
        let route = self.levels.get(level)?.get()?.get(place)?.get()?;
        Some(route)
    }
}

/// Eight bytes at a time, by multiplying. Templates are the program's own: nobody chooses them to collide.
fn hash_of(template: &str) -> usize {
    let (words, rest) = template.as_bytes().as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let rest = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(SPREAD);
    // The best bits are on top.
    let hash = words.chain([rest]).fold(0, mix) >> 32;
    usize::try_from(hash).unwrap_or(0)
}

/// An odd number whose bits have no pattern: 2^64 by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Places of the first level: most layers have no more routes.
const FIRST: usize = 32;
const LEVELS: usize = 7;
const WINDOW: usize = 8;
/// Fewer than there are places, so that few windows are full.
pub(super) const MOST: usize = 1_000;

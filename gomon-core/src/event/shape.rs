//! Which keys a record has, recognised by their addresses.
//!
//! A program has few kinds of events, and each of them sets the same constants in the same order.
//! To look at the text of every key of every event would take longer than anything else that is done
//! with it, so what was found out about a row of keys is remembered by where they lie.

use std::cell::RefCell;

use crate::event::attribute::Attribute;

/// A row of keys, each of which is there once. Rows with the same hash have the same keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) hash: u64,
    /// How many keys it has.
    pub(crate) len: usize,
}

impl Row {
    /// Where it belongs in a table of [`PLACES`](Self::PLACES).
    #[inline]
    pub(crate) fn place(self) -> usize {
        // The upper bits depend on all of what was multiplied.
        usize::try_from(self.hash >> 56).unwrap_or(0)
    }

    pub(crate) const PLACES: usize = 256;
}

/// Rows of keys in which every key was found to be there once, and which keep the rule.
#[derive(Debug)]
pub(crate) struct Shapes {
    known: [u64; Row::PLACES],
    /// What each key has to be.
    rule: fn(&str) -> bool,
}

impl Shapes {
    pub(crate) const fn keeping(rule: fn(&str) -> bool) -> Self {
        Self {
            known: [0; Row::PLACES],
            rule,
        }
    }

    /// The row of these keys, if no key is there twice and all keep the rule.
    #[inline]
    pub(crate) fn row(&mut self, attributes: &[Attribute]) -> Option<Row> {
        let row = Row {
            hash: hash(attributes),
            len: attributes.len(),
        };
        if self.known.get(row.place()) == Some(&row.hash) {
            return Some(row);
        }
        self.find_out(attributes, row).then_some(row)
    }

    #[cold]
    #[inline(never)]
    fn find_out(&mut self, attributes: &[Attribute], row: Row) -> bool {
        let mut keys = attributes.iter().map(|attribute| attribute.key);
        let holds = differ(attributes) && keys.all(self.rule);
        if let Some(place) = self.known.get_mut(row.place()).filter(|_| holds) {
            *place = row.hash;
        }
        holds
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self::keeping(any)
    }
}

/// Whether no key is there twice, as far as this thread has found out before.
#[inline]
pub(crate) fn has_each_key_once(attributes: &[Attribute]) -> bool {
    thread_local! {
        static ONCE: RefCell<Shapes> = const { RefCell::new(Shapes::keeping(any)) };
    }
    // Nothing in there calls back.
    ONCE.with(|known| known.borrow_mut().row(attributes).is_some())
}

fn any(_key: &str) -> bool {
    true
}

/// Compares every two keys.
fn differ(attributes: &[Attribute]) -> bool {
    let numbered = attributes.iter().enumerate();
    !numbered.into_iter().any(|(at, attribute)| {
        let mut before = attributes.iter().take(at);
        before.any(|other| other.key == attribute.key)
    })
}

/// A sum of products, one a key, with factors that depend on the place: no product has to wait
/// for another. Two rows of different keys have the same hash once in some 2^60 (Carter and
/// Wegman's multilinear hashing; addresses are nothing that a caller can choose).
#[inline]
fn hash(attributes: &[Attribute]) -> u64 {
    let numbered = attributes.iter().zip(&FACTORS);
    numbered.fold(SEED, |sum, (attribute, factor)| {
        let address = attribute.key.as_ptr().addr() as u64;
        let key = address ^ (attribute.key.len() as u64) << 48;
        sum.wrapping_add(key.wrapping_mul(*factor))
    })
}

/// Not 0, which stands for a free place.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
/// Odd, and without a pattern: the fractions of the golden ratio's multiples, mixed (splitmix64).
static FACTORS: [u64; 16] = {
    let mut factors = [0; 16];
    let mut rest: &mut [u64] = &mut factors;
    let mut state = SEED;
    while let Some((first, others)) = rest.split_first_mut() {
        state = state.wrapping_add(SEED);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        *first = (mixed ^ (mixed >> 31)) | 1;
        rest = others;
    }
    factors
};

#[cfg(test)]
mod tests {
    use super::*;

    fn row(keys: &[&'static str]) -> Vec<Attribute> {
        let attribute = |key: &&'static str| Attribute {
            key,
            ..Attribute::EMPTY
        };
        keys.iter().map(attribute).collect()
    }

    fn leaked(key: &str) -> &'static str {
        Box::leak(key.to_owned().into_boxed_str())
    }

    #[test]
    fn a_key_that_is_there_twice_is_found_wherever_it_lies() {
        let mut shapes = Shapes::default();
        for _ in 0..3 {
            assert!(shapes.row(&row(&["a", "b", "c"])).is_some());
            assert!(shapes.row(&row(&["a", "b", "a"])).is_none());
            assert!(shapes.row(&row(&["a", "b", leaked("b")])).is_none());
            assert!(shapes.row(&[]).is_some());
        }
    }

    #[test]
    fn parts_of_one_text_are_different_keys() {
        let mut shapes = Shapes::default();
        let text = leaked("aaa");
        for (row_of_keys, once) in [
            ([&text[..1], &text[..2]], true),
            ([&text[..1], &text[1..2]], false),
            ([&text[..2], &text[1..]], false),
        ] {
            assert_eq!(shapes.row(&row(&row_of_keys)).is_some(), once);
        }
    }

    #[test]
    fn more_rows_than_places_are_still_told_apart() {
        let mut shapes = Shapes::default();
        let keys: Vec<_> = (0..2000).map(|n| leaked(&format!("key {n}"))).collect();
        for _ in 0..2 {
            for pair in keys.windows(2) {
                assert!(shapes.row(&row(pair)).is_some());
                assert!(shapes.row(&row(&[pair[0], pair[1], pair[0]])).is_none());
            }
        }
    }
}

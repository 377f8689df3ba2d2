//! Which keys a record has, recognised by their addresses.
//!
//! A program has few kinds of events, and each of them sets the same constants in the same order.
//! To look at the text of every key of every event would take longer than anything else on the
//! bus, so what was found out about a row of keys is remembered by where they lie.

use crate::event::attribute::Attribute;

/// Rows of keys in which every key was found to be there once.
#[derive(Debug)]
pub(crate) struct Shapes {
    once: [u64; PLACES],
}

impl Shapes {
    /// Whether no key is there twice.
    #[inline]
    pub(crate) fn has_each_key_once(&mut self, attributes: &[Attribute]) -> bool {
        let hash = hash(attributes);
        // The upper bits depend on all of what was multiplied.
        let place = usize::try_from(hash >> 56).unwrap_or(0);
        if self.once.get(place) == Some(&hash) {
            return true;
        }
        self.find_out(attributes, hash, place)
    }

    #[cold]
    #[inline(never)]
    fn find_out(&mut self, attributes: &[Attribute], hash: u64, place: usize) -> bool {
        let once = has_each_key_once(attributes);
        if let Some(place) = self.once.get_mut(place).filter(|_| once) {
            *place = hash;
        }
        once
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self { once: [0; PLACES] }
    }
}

/// Compares every two keys.
pub(crate) fn has_each_key_once(attributes: &[Attribute]) -> bool {
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

const PLACES: usize = 256;
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
            assert!(shapes.has_each_key_once(&row(&["a", "b", "c"])));
            assert!(!shapes.has_each_key_once(&row(&["a", "b", "a"])));
            assert!(!shapes.has_each_key_once(&row(&["a", "b", leaked("b")])));
            assert!(shapes.has_each_key_once(&[]));
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
            assert_eq!(shapes.has_each_key_once(&row(&row_of_keys)), once);
        }
    }

    #[test]
    fn more_rows_than_places_are_still_told_apart() {
        let mut shapes = Shapes::default();
        let keys: Vec<_> = (0..2000).map(|n| leaked(&format!("key {n}"))).collect();
        for _ in 0..2 {
            for pair in keys.windows(2) {
                assert!(shapes.has_each_key_once(&row(pair)));
                assert!(!shapes.has_each_key_once(&row(&[pair[0], pair[1], pair[0]])));
            }
        }
    }
}

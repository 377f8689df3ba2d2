//! A fast hash with secret keys: trace ids and routes may come from outside, and nobody there is
//! to choose which of them collide.

use std::hash::{BuildHasher, Hasher};

use crate::thread;

/// Makes hashers of one pair of keys. Hashes of other keys have nothing in common with its.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed {
    one: u64,
    two: u64,
}

/// Multiplies 64 bits by 64 bits and folds the 128 bits of the product, as wyhash does (Wang Yi,
/// 2019), for every 16 bytes.
#[derive(Debug)]
pub(crate) struct Folding {
    keys: Keyed,
    state: u64,
}

impl Keyed {
    /// Keys of its own.
    pub(crate) fn new() -> Self {
        Self {
            one: thread::random(),
            two: thread::random(),
        }
    }

    /// The hash of a text, and of what was hashed before it.
    pub(crate) fn text(self, text: &str, before: u64) -> u64 {
        let mut hasher = Folding {
            keys: self,
            state: self.one ^ before,
        };
        hasher.write(text.as_bytes());
        hasher.state
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding {
            keys: *self,
            state: self.one,
        }
    }
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<16>();
        for chunk in chunks {
            self.write_u128(u128::from_le_bytes(*chunk));
        }
        let mut last = [0; 16];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.write_u128(u128::from_le_bytes(last));
        // So that trailing zeros make a difference.
        self.write_u64(bytes.len() as u64);
    }

    fn write_u64(&mut self, value: u64) {
        self.state = folded(self.state ^ value, self.keys.two);
    }

    fn write_u128(&mut self, value: u128) {
        let (high, low) = halves(value);
        self.state = folded(self.state ^ low, self.keys.two ^ high);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

fn folded(one: u64, two: u64) -> u64 {
    let (high, low) = halves(u128::from(one) * u128::from(two));
    high ^ low
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
fn halves(value: u128) -> (u64, u64) {
    ((value >> 64) as u64, value as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_that_differ_in_anything_have_other_hashes() {
        let keys = Keyed::new();
        let texts = [
            "",
            "\0",
            "\0\0",
            "a",
            "a\0",
            "b",
            "0123456789abcdef",
            "0123456789abcdef\0",
        ];
        let hashes: HashSet<u64> = texts.iter().map(|text| keys.text(text, 0)).collect();
        assert_eq!(hashes.len(), texts.len());
        assert_ne!(keys.text("a", 1), keys.text("a", 2));
    }

    #[test]
    fn other_keys_give_other_hashes() {
        assert_ne!(Keyed::new().text("a", 0), Keyed::new().text("a", 0));
    }

    #[test]
    fn numbers_in_a_row_spread_over_the_low_bits() {
        let keys = Keyed::new();
        let low = (0..1000_u128).map(|n| keys.hash_one(n << 64 | 7) % 64);
        let used: HashSet<u64> = low.collect();
        assert_eq!(used.len(), 64);
    }
}

//! A fast hash with secret keys: trace ids and routes may come from outside, and nobody there is
//! to choose which of them collide.

use std::hash::{BuildHasher, Hasher};

use crate::hot;

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
            one: hot::random(),
            two: hot::random(),
        }
    }

    /// The hash of a text, and of what was hashed before it.
    pub(crate) fn text(self, text: &str, before: u64) -> u64 {
        self.bytes(text.as_bytes(), before)
    }

    /// The same for bytes.
    #[inline]
    pub(crate) fn bytes(self, bytes: &[u8], before: u64) -> u64 {
        let mut hasher = Folding {
            keys: self,
            state: self.one ^ before,
        };
        hasher.write(bytes);
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
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        // The length makes zeros at the end count. The last 16 bytes may overlap with those before.
        self.state ^= length.wrapping_mul(SPREAD);
        if let Some(last) = bytes.last_chunk::<16>() {
            for chunk in bytes.as_chunks::<16>().0 {
                self.write_u128(u128::from_le_bytes(*chunk));
            }
            self.write_u128(u128::from_le_bytes(*last));
        } else {
            self.write_u128(short(bytes));
        }
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

/// Up to 15 bytes as a number; with their length they are told apart.
fn short(bytes: &[u8]) -> u128 {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        u128::from(u64::from_le_bytes(*first)) << 64 | u128::from(u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u128::from(u32::from_le_bytes(*first)) << 32 | u128::from(u32::from_le_bytes(*last))
    } else {
        let byte = |so_far: u128, byte: &u8| so_far << 8 | u128::from(*byte);
        bytes.iter().fold(0, byte)
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

/// An odd number with its bits well mixed: the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_that_differ_in_anything_have_other_hashes() {
        let keys = Keyed::new();
        let zeros = "\0".repeat(40);
        let mut hashes = HashSet::new();
        for length in 0..40 {
            assert!(hashes.insert(keys.text(&zeros[..length], 0)));
            for at in 0..length {
                let text = format!("{}a{}", &zeros[..at], &zeros[at + 1..length]);
                assert!(hashes.insert(keys.text(&text, 0)), "{at} of {length}");
            }
        }
        assert_ne!(keys.text("a", 1), keys.text("a", 2));
    }

    #[test]
    fn other_keys_give_other_hashes() {
        assert_ne!(Keyed::new().text("a", 0), Keyed::new().text("a", 0));
    }

    #[test]
    fn numbers_in_a_row_spread_over_the_low_bits() {
        let keys = Keyed {
            one: 0x9e6c_63d0_676a_9a99,
            two: 0xd1b5_4a32_d192_ed03,
        };
        let mut counts = [0; 64];
        for number in 0..6400_u128 {
            let low = keys.hash_one(number << 64 | 7) % 64;
            counts[usize::try_from(low).unwrap()] += 1;
        }
        assert!(
            counts.iter().all(|count| (50..200).contains(count)),
            "{counts:?}"
        );
    }
}

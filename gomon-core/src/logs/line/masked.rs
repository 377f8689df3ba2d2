//! Whether values of a name are masked, remembered by where the name lies.
//!
//! A program has few names of fields, and each is a constant; to compare one with every pattern of
//! the mask takes longer than anything else that is done with a field.

use std::cell::RefCell;

use crate::capture::{self, capture};

/// Whether the process masks the values of that name now.
pub(crate) fn hides(name: &'static str) -> bool {
    // Read first: what is found out by an older mask is then known to be.
    let generation = capture::generation();
    let known = KNOWN.try_with(|known| known.borrow().get(place(name)).copied());
    if let Ok(Some(known)) = known
        && known.is(name, generation)
    {
        return known.hidden;
    }
    let hidden = capture().mask().hides(name);
    let _ = KNOWN.try_with(|known| {
        if let Some(place) = known.borrow_mut().get_mut(place(name)) {
            *place = Known {
                address: name.as_ptr().addr(),
                len: name.len(),
                generation,
                hidden,
            };
        }
    });
    hidden
}

/// What is known of a name.
#[derive(Clone, Copy)]
struct Known {
    address: usize,
    len: usize,
    generation: u64,
    hidden: bool,
}

impl Known {
    /// No name lies there.
    const NONE: Self = Self {
        address: 0,
        len: 0,
        generation: 0,
        hidden: false,
    };

    fn is(&self, name: &str, generation: u64) -> bool {
        self.address == name.as_ptr().addr()
            && self.len == name.len()
            && self.generation == generation
    }
}

fn place(name: &str) -> usize {
    (name.as_ptr().addr() ^ name.len()) % PLACES
}

thread_local! {
    static KNOWN: RefCell<[Known; PLACES]> = const { RefCell::new([Known::NONE; PLACES]) };
}

const PLACES: usize = 61;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_text_are_different_names() {
        let text = "password";
        for _ in 0..2 {
            assert!(hides(text));
            assert!(!hides(&text[..4]));
        }
    }
}

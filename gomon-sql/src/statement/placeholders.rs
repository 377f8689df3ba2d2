//! Which value a placeholder stands for.

use std::collections::HashMap;

/// Counts placeholders: `$2` and `?2` are the second value, `:name` is the same one wherever it stands, and each `?` is the next.
#[derive(Debug, Default)]
pub(crate) struct Placeholders<'a> {
    named: HashMap<&'a str, usize>,
    next: usize,
}

impl<'a> Placeholders<'a> {
    /// The place of its value, from 0 on.
    pub(crate) fn place(&mut self, text: &'a str) -> usize {
        let number = text.strip_prefix(['?', '$']).unwrap_or_default();
        let place = match number.parse::<usize>() {
            Ok(number) => number.saturating_sub(1),
            Err(_) if text == "?" => self.next,
            Err(_) => *self.named.entry(text).or_insert(self.next),
        };
        self.next = self.next.max(place.saturating_add(1));
        place
    }
}

#[cfg(test)]
mod tests {
    use super::Placeholders;

    #[test]
    fn a_value_has_one_place() {
        let mut placeholders = Placeholders::default();
        let places = ["?", "?", ":a", "$9", "?1", ":a", "@a", "?", "?0"];
        let places = places.map(|text| placeholders.place(text));
        assert_eq!(places, [0, 1, 2, 8, 0, 2, 9, 10, 0]);
    }
}

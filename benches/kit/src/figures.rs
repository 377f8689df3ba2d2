//! What one run of one arm said, as `key=value` words on its standard output.

use std::collections::BTreeMap;
use std::fmt;

/// Named numbers, written and read as `key=value` words.
#[derive(Clone, Debug, Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Reads the words of `text`; what is not `key=number` is skipped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let words = text.split_whitespace();
        Self(
            words
                .filter_map(|word| {
                    let (key, value) = word.split_once('=')?;
                    Some((key.to_owned(), value.parse().ok()?))
                })
                .collect(),
        )
    }

    /// The number under `key`, when it was measured.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<f64> {
        self.0.get(key).copied()
    }

    pub(crate) fn set(&mut self, key: &str, value: f64) {
        self.0.insert(key.to_owned(), value);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(key, value)| write!(f, "{key}={value} "))
    }
}

/// The middle of `values`, or the mean of the two in the middle; `None` when there are none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, median};

    #[test]
    fn median_of_an_even_count_is_the_mean_of_the_middle_two() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median([3.0, f64::NAN, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn figures_survive_being_written_and_read() {
        let mut figures = Figures::default();
        figures.set("app", 1.5);
        figures.set("all", 20.0);
        let read = Figures::parse(&format!("noise {figures}"));
        assert_eq!(read.get("app"), Some(1.5));
        assert_eq!(read.get("all"), Some(20.0));
        assert_eq!(read.get("noise"), None);
    }
}

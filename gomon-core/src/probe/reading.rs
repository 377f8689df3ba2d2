use std::borrow::Cow;

use crate::event::limits::prefix;
use crate::probe::TEXT_BYTES;
use crate::probe::registry::{Entry, here};
use crate::probe::running::guarded;

/// What a probe says of itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The probe's name.
    pub name: String,
    /// Its figures, in the order in which they were added; an error is what a panic said.
    pub gauges: Vec<(String, Result<f64, String>)>,
    /// Its lines, the same.
    pub rows: Vec<(String, Result<String, String>)>,
    /// The names of its actions.
    pub actions: Vec<String>,
    /// The names of its files.
    pub files: Vec<String>,
    /// How many were not added because there were too many, or their names too long.
    pub refused: usize,
}

impl Reading {
    /// The figure of a name.
    #[must_use]
    pub fn gauge(&self, name: &str) -> Option<&Result<f64, String>> {
        named(&self.gauges, name)
    }

    /// The line of a name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Result<String, String>> {
        named(&self.rows, name)
    }

    fn of(entry: &Entry) -> Self {
        // A copy: what is read may add to the probe, or drop it.
        let parts = entry.parts.lock().clone();
        let gauges = parts.gauges.iter();
        let rows = parts.rows.iter();
        let line = |said: &str| prefix(said, TEXT_BYTES).to_owned();
        Self {
            name: entry.name.clone(),
            gauges: gauges
                .map(|(name, read)| (name.clone().into_owned(), guarded(|| read())))
                .collect(),
            rows: rows
                .map(|(name, read)| {
                    (
                        name.clone().into_owned(),
                        guarded(|| read()).map(|said| line(&said)),
                    )
                })
                .collect(),
            actions: names_of(&parts.actions),
            files: names_of(&parts.files),
            refused: parts.refused,
        }
    }
}

fn names_of<T>(list: &[(Cow<'static, str>, T)]) -> Vec<String> {
    let names = list.iter().map(|(name, _)| name.clone());
    names.map(Cow::into_owned).collect()
}

fn named<'a, T>(list: &'a [(String, T)], name: &str) -> Option<&'a T> {
    let found = list.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value)
}

/// Reads all probes, in the order in which they were registered: it calls the closures of each.
#[must_use]
pub fn read() -> Vec<Reading> {
    here().iter().map(|entry| Reading::of(entry)).collect()
}

/// The names of all probes, in the order in which they were registered. It calls nothing.
#[must_use]
pub fn names() -> Vec<String> {
    here().iter().map(|entry| entry.name.clone()).collect()
}

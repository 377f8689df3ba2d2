mod align;
mod as_pattern;
mod parse;
mod pattern;
mod report;
mod rows;
#[cfg(test)]
mod tests;
mod unordered;

use align::Aligner;

use crate::testing::{Recorded, Recorder, forest, spent};

/// Asserts that the closing events form a tree.
///
/// The tree is text, a line for each event, indented under its parent as [`Recorder::tree`] prints
/// it. The indentation that all lines share and empty lines do not count. A line is
///
/// ```text
/// name outcome {conditions} xN
/// ```
///
/// of which only the name has to be there:
///
/// | form | stands for |
/// |---|---|
/// | `sql-wconn-queryctx` | a completed event of that fingerprint that caused nothing else than the lines under it |
/// | `sql-*` | one whose fingerprint is like that; `*` is any characters |
/// | `"my * job"` | exactly that fingerprint, quoted as in JSON: for spaces, stars, brackets |
/// | `import failed` | an event with that outcome, one of those of docs/events.md; `*` is any of them |
/// | `call {route="/users/{id}"}` | where that key has that JSON value; `url.host` and `error.0.msg` go into values |
/// | `call {query~"SELECT *"}` | where the text is like that |
/// | `call {slow, !code}` | where one key is there and another is not; conditions are separated by commas |
/// | `lookup x3` | three of them, one after the other |
/// | `lookup x1+` | one or more; `x0+` is any number |
/// | `..` | any further siblings at this place, none too, with all that they caused |
/// | `(any order)` | as the first of siblings: they come in any order. Else they come in the order in which they began |
///
/// Events whose parent has not ended, or is not of this test, stand leftmost. Opening events are not
/// looked at.
///
/// ```
/// use gomon_core::EventTracker;
/// use gomon_core::testing::{assert_tree, with_recorder};
///
/// with_recorder(|recorder| {
///     let mut order = EventTracker::new("order");
///     order.set("lines", 2);
///     for _ in 0..2 {
///         order.child("price").finish();
///     }
///     order.child("mail").add_error_msg("no route");
///     order.finish();
///
///     assert_tree!(recorder, r#"
///         order {lines=2}
///           price x2
///           mail failed {error.0.msg~"no *"}
///     "#);
/// });
/// ```
///
/// Comparing costs at most each line times each event of the same depth.
///
/// # Panics
///
/// If the events are otherwise, with both side by side; if the pattern cannot be read; if the
/// events do not arrive within 10 seconds.
#[macro_export]
macro_rules! assert_tree {
    ($recorder:expr, $expected:expr $(,)?) => {
        $crate::testing::check($recorder.tree_difference($expected))
    };
}

impl Recorder {
    /// What [`assert_tree!`](crate::assert_tree) would say; `None` if the tree is as expected.
    ///
    /// # Panics
    ///
    /// If the events do not arrive within 10 seconds.
    #[must_use]
    pub fn tree_difference(&self, expected: &str) -> Option<String> {
        spent::aside(|| difference(self.events(), expected))
    }
}

fn difference(events: Vec<Recorded>, expected: &str) -> Option<String> {
    let level = match parse::parse(expected) {
        Ok(level) => level,
        Err(wrong) => {
            let (line, reason) = (wrong.line, wrong.reason);
            return Some(format!("line {line} of the expected tree: {reason}"));
        }
    };
    let nodes = forest::grow(events);
    let aligner = Aligner::default();
    if aligner.cost(&aligner.steps(&level, &nodes)) == 0 {
        return None;
    }
    let rows = rows::rows(&aligner, &level, &nodes);
    Some(report::report(&rows, &nodes))
}

/// Counts what is equal, in the order in which it first came.
#[derive(Debug)]
pub(super) struct Tally<T>(Vec<(T, usize)>);

impl<T: PartialEq> Tally<T> {
    pub(super) fn of(items: impl IntoIterator<Item = T>) -> Self {
        let mut counts: Vec<(T, usize)> = Vec::new();
        for item in items {
            match counts.iter_mut().find(|(known, _)| *known == item) {
                Some((_, count)) => *count += 1,
                None => counts.push((item, 1)),
            }
        }
        Self(counts)
    }

    /// The most frequent first.
    pub(super) fn by_count(mut self) -> Vec<(T, usize)> {
        self.0.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        self.0
    }
}

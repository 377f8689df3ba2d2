use crate::producers::{FP, NUMBER, PRODUCER};

/// Counts what arrives by the numbers that the producers gave it, not by what gomon says.
///
/// A producer numbers its events upwards and they arrive in its order, so the last number of each is all there is to
/// remember: whatever is not above it came twice or out of order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    next: Vec<u64>,
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Events of the producers, each counted once.
    pub(crate) events: u64,
    /// Events that came twice or out of their producer's order.
    pub(crate) again: u64,
    /// Events of gomon's own: the application, its end, reports.
    pub(crate) other: u64,
}

impl Sequence {
    pub(crate) fn note(&mut self, producer: u64, number: u64) {
        let at = usize::try_from(producer).unwrap_or(usize::MAX);
        if at >= MOST_PRODUCERS {
            self.counts.other += 1;
            return;
        }
        if self.next.len() <= at {
            self.next.resize(at + 1, 0);
        }
        let next = &mut self.next[at];
        if number < *next {
            self.counts.again += 1;
        } else {
            *next = number + 1;
            self.counts.events += 1;
        }
    }

    pub(crate) fn note_event(&mut self, event: &gomon::Event) {
        let number = |key| event.get(key).and_then(gomon::ValueRef::as_u64);
        match (event.fp() == FP, number(PRODUCER), number(NUMBER)) {
            (true, Some(producer), Some(number)) => self.note(producer, number),
            _ => self.counts.other += 1,
        }
    }

    /// The same for a line of JSON.
    pub(crate) fn note_line(&mut self, line: &str) {
        match (number(line, PRODUCER), number(line, NUMBER)) {
            (Some(producer), Some(number)) => self.note(producer, number),
            _ => self.counts.other += 1,
        }
    }
}

/// The value of a key that is a whole number.
fn number(line: &str, key: &str) -> Option<u64> {
    let mut rest = line;
    loop {
        let at = rest.find(key)?;
        rest = &rest[at + key.len()..];
        if let Some(value) = rest.strip_prefix("\":") {
            let digits = value.find(|c: char| !c.is_ascii_digit())?;
            return value[..digits].parse().ok();
        }
    }
}

const MOST_PRODUCERS: usize = 64;

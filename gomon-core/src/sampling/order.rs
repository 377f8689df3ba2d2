//! Slots in the order in which they came, with members that leave from the middle.

use std::collections::VecDeque;

/// A queue of slots. A slot is there under a version; once the slot has moved on to another it
/// is not meant any more, and its place is given back in passing.
#[derive(Debug, Default)]
pub(crate) struct Order {
    queue: VecDeque<(u32, u32)>,
    /// Of these, those that still mean something.
    live: usize,
}

impl Order {
    pub(crate) fn push(&mut self, slot: u32, version: u32, now: impl Fn(u32) -> u32) {
        if self.queue.len() > 2 * self.live + SLACK {
            self.queue.retain(|(slot, version)| now(*slot) == *version);
        }
        self.queue.push_back((slot, version));
        self.live += 1;
    }

    /// A member has moved on.
    pub(crate) fn left(&mut self) {
        self.live -= 1;
    }

    /// The oldest that is still meant.
    pub(crate) fn first(&mut self, now: impl Fn(u32) -> u32) -> Option<u32> {
        while let Some((slot, version)) = self.queue.front() {
            if now(*slot) == *version {
                return Some(*slot);
            }
            self.queue.pop_front();
        }
        None
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }
}

/// Entries without a meaning that are not worth a pass over the queue.
const SLACK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_left_are_passed_over_and_their_places_come_back() {
        let mut versions = vec![0_u32; 1000];
        let mut order = Order::default();
        for slot in 0..1000_u32 {
            order.push(slot, 0, |slot| versions[slot as usize]);
            if slot > 0 {
                versions[slot as usize] += 1;
                order.left();
            }
        }
        assert_eq!(order.first(|slot| versions[slot as usize]), Some(0));
        versions[0] += 1;
        order.left();
        assert_eq!(order.first(|slot| versions[slot as usize]), None);
        assert_eq!(order.len(), 0);
        assert!(order.queue.capacity() < 256);
    }
}

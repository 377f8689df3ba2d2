//! How often plans are asked for.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// One plan in some time, and one of each statement in an hour.
#[derive(Debug)]
pub(crate) struct Rate {
    every: Duration,
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    last: Option<Duration>,
    statements: HashMap<u64, Duration>,
}

impl Rate {
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            every,
            asked: Mutex::default(),
        }
    }

    /// Whether the statement of this digest may be asked about now; then it counts as asked.
    pub(crate) fn allows(&self, digest: u64, now: Duration) -> bool {
        let mut asked = self.asked.lock();
        let is_recent = |last: &Duration| now < last.saturating_add(self.every);
        if asked.last.as_ref().is_some_and(is_recent) {
            return false;
        }
        let of_hour = |last: &Duration| now < last.saturating_add(HOUR);
        if asked.statements.get(&digest).is_some_and(of_hour) {
            return false;
        }
        if asked.statements.len() >= MOST {
            asked.statements.retain(|_, last| of_hour(last));
        }
        if asked.statements.len() >= MOST {
            return false;
        }
        asked.last = Some(now);
        asked.statements.insert(digest, now);
        true
    }
}

const HOUR: Duration = Duration::from_secs(3600);
/// Statements that are remembered.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn one_in_some_time_and_each_statement_once_an_hour() {
        let rate = Rate::new(secs(10));
        let asked = [
            (1, 0),
            (2, 5),
            (2, 10),
            (1, 30),
            (3, 30),
            (1, 3600),
            (1, 3601),
        ];
        let allowed = asked.map(|(digest, now)| rate.allows(digest, secs(now)));
        assert_eq!(allowed, [true, false, true, false, true, true, false]);
    }

    #[test]
    fn no_more_statements_are_remembered_than_there_is_room_for() {
        let rate = Rate::new(Duration::ZERO);
        let asked = (0..3000).filter(|digest| rate.allows(*digest, secs(1)));
        assert_eq!(asked.count(), MOST);
        assert!(
            rate.allows(9999, secs(3601)),
            "those of an hour ago are gone"
        );
    }
}

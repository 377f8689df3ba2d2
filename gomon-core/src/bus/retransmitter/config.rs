use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::bus::retransmitter::check::Check;
use crate::bus::retransmitter::mapped::Mapped;
use crate::bus::retransmitter::rate::RateLimits;
use crate::bus::retransmitter::stages::Stages;
use crate::event::Event;
use crate::event::outcome::Outcome;
use crate::event::value::Tree;
use crate::sampling::Sampling;

/// What a [`Retransmitter`](crate::Retransmitter) lets through, as a configuration writes it.
///
/// All fields are optional, and what is not known is an error. They mean what the retransmitter's
/// methods of the same names mean; `remove` takes attributes out of every event.
///
/// ```
/// use gomon_core::{Retransmitter, RetransmitterConfig};
///
/// let json = r#"{
///     "include": ["http-*", "sql-*"],
///     "exclude": ["sql-pool"],
///     "outcomes": ["failed", "timed-out"],
///     "slower_than_ms": 500,
///     "equal": {"tenant": 7},
///     "remove": ["headers"],
///     "limit": 1000,
///     "limit_each": 100,
///     "sampling": {"ratio": 0.1, "keep": ["failed", "rare"]}
/// }"#;
/// let config: RetransmitterConfig = serde_json::from_str(json)?;
/// let retransmitter = Retransmitter::new("errors");
/// retransmitter.configure(&config);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetransmitterConfig {
    include: Option<Vec<String>>,
    exclude: Vec<String>,
    outcomes: Option<Vec<Outcome>>,
    slower_than_ms: Option<u64>,
    equal: Map<String, Value>,
    remove: Vec<String>,
    limit: Option<u32>,
    limit_each: Option<u32>,
    sampling: Option<Sampling>,
}

impl RetransmitterConfig {
    /// The stages it describes.
    pub(crate) fn stages(&self) -> Stages {
        let mut stages = Stages::default();
        let slower_than = self.slower_than_ms.map(Duration::from_millis);
        stages
            .checks
            .extend(self.include.clone().map(Check::include));
        if !self.exclude.is_empty() {
            stages.checks.push(Check::exclude(self.exclude.clone()));
        }
        stages
            .checks
            .extend(self.outcomes.clone().map(Check::Outcomes));
        stages.checks.extend(slower_than.map(Check::SlowerThan));
        let equal = self.equal.iter();
        let equal = equal.map(|(key, value)| Check::Equal(key.clone(), Tree::serialize(value)));
        stages.checks.extend(equal);
        if !self.remove.is_empty() {
            stages.maps.push(removing(self.remove.clone()));
        }
        let limits = RateLimits {
            all: self.limit,
            each: self.limit_each,
        };
        if limits != RateLimits::default() {
            stages.limit(|current| *current = limits);
        }
        stages
    }

    pub(crate) fn sampling(&self) -> Option<&Sampling> {
        self.sampling.as_ref()
    }
}

/// A map that takes attributes out of the events that have them.
fn removing(keys: Vec<String>) -> super::stages::Map {
    Arc::new(move |event: &Event| {
        let known = |key: &&String| event.get(key).is_some();
        let mut known = keys.iter().filter(known).peekable();
        if known.peek().is_none() {
            return Some(Mapped::unchanged());
        }
        Some(known.fold(Mapped::copy(event), |copy, key| copy.remove(key)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        let parsed = serde_json::from_str::<RetransmitterConfig>(json);
        parsed.unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_an_error_that_says_where() {
        let wrong = error("{\n\"includes\": []}");
        assert!(
            wrong.starts_with("unknown field `includes`") && wrong.contains("line 2"),
            "{wrong}"
        );
        assert!(error(r#"{"outcomes": ["bad"]}"#).starts_with("unknown variant `bad`"));
        assert!(error(r#"{"limit": -1}"#).contains("integer `-1`"));
        assert!(
            error(r#"{"sampling": {"ratio": 2}}"#).contains("a ratio is within 0 and 1, not 2")
        );
    }

    #[test]
    fn an_empty_one_lets_everything_through() {
        let config: RetransmitterConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(config, RetransmitterConfig::default());
        let stages = config.stages();
        assert!(stages.checks.is_empty() && stages.maps.is_empty() && stages.limiter.is_none());
        assert_eq!(config.sampling(), None);
    }
}

//! How sampling is written in a configuration.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::sampling::Sampling;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    #[serde(deserialize_with = "ratio")]
    ratio: f64,
    #[serde(default)]
    keep: Vec<Keep>,
    slower_than_ms: Option<u64>,
    every_nth: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Keep {
    Failed,
    Cancelled,
    CallerSampled,
    Slow,
    Rare,
}

impl From<Settings> for Sampling {
    fn from(settings: Settings) -> Self {
        let every_nth = settings.every_nth.unwrap_or(0);
        let mut sampling = Self::ratio(settings.ratio).every_nth(every_nth);
        for keep in settings.keep {
            sampling = match keep {
                Keep::Failed => sampling.keep_failed(),
                Keep::Cancelled => sampling.keep_cancelled(),
                Keep::CallerSampled => sampling.keep_caller_sampled(),
                Keep::Slow => sampling.keep_slow(),
                Keep::Rare => sampling.keep_rare(),
            };
        }
        match settings.slower_than_ms {
            Some(limit) => sampling.keep_slower_than(Duration::from_millis(limit)),
            None => sampling,
        }
    }
}

/// Refused where it stands, so that the error knows the line.
fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&ratio) {
        return Ok(ratio);
    }
    let message = format_args!("a ratio is within 0 and 1, not {ratio}");
    Err(serde::de::Error::custom(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        serde_json::from_str::<Sampling>(json)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn everything_that_code_can_say_can_be_written() {
        let json = r#"{"ratio": 0.5, "keep": ["failed", "cancelled", "caller-sampled", "slow", "rare"],
            "slower_than_ms": 250, "every_nth": 7}"#;
        let built = Sampling::ratio(0.5)
            .keep_failed()
            .keep_cancelled()
            .keep_caller_sampled()
            .keep_slow()
            .keep_rare()
            .keep_slower_than(Duration::from_millis(250))
            .every_nth(7);
        assert_eq!(serde_json::from_str::<Sampling>(json).unwrap(), built);
    }

    #[test]
    fn what_is_wrong_is_an_error_that_says_where() {
        let wrong = error("{\"ratio\": 1,\n \"keeps\": []}");
        assert!(
            wrong.starts_with("unknown field `keeps`") && wrong.contains("line 2"),
            "{wrong}"
        );
        assert!(
            error("{\"ratio\": 1.5}").starts_with("a ratio is within 0 and 1, not 1.5 at line 1")
        );
        assert!(error("{}").starts_with("missing field `ratio`"));
        assert!(error(r#"{"ratio": 1, "keep": ["fast"]}"#).starts_with("unknown variant `fast`"));
    }
}

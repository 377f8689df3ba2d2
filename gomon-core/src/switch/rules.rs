//! What makes up a switch beside its name, how a configuration writes it, and its bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::pattern::Pattern;
use crate::switch::conditions::{Conditions, Header};
use crate::switch::effects::Effects;

/// Of what, what, and for how long.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Settings")]
pub(crate) struct Rules {
    pub(super) conditions: Conditions,
    pub(super) effects: Effects,
    pub(super) lasting: Duration,
    pub(super) at_most: Option<u64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            conditions: Conditions::default(),
            effects: Effects::default(),
            lasting: USUALLY,
            at_most: None,
        }
    }
}

impl Rules {
    pub(super) fn check(&self) -> Result<(), String> {
        let Self {
            conditions,
            effects,
            lasting,
            at_most,
        } = self;
        if conditions.is_none() {
            return Err("it has no condition: `*` as a fingerprint is everything".to_owned());
        }
        if effects.is_none() {
            return Err("it turns nothing on".to_owned());
        }
        let header = conditions.header.as_ref();
        let names = header.map(|header| header.name.as_str());
        let patterns = conditions.patterns().map(Pattern::as_str);
        if names.into_iter().any(str::is_empty) {
            return Err("its header has no name".to_owned());
        }
        if let Some(long) = patterns
            .chain(names)
            .find(|text| text.len() > PATTERN_BYTES)
        {
            let len = long.len();
            return Err(format!(
                "a pattern has at most {PATTERN_BYTES} bytes, not {len}"
            ));
        }
        let millis = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
        for (what, value, least, most) in [
            ("bodies", effects.bodies as u64, 0, BODY_BYTES),
            ("rows", effects.rows as u64, 0, ROWS),
            ("its milliseconds", millis, 1, LONGEST_MILLIS),
            ("at most", at_most.unwrap_or(1), 1, u64::MAX),
        ] {
            check_within(value, least, most).map_err(|message| format!("{what}: {message}"))?;
        }
        Ok(())
    }
}

pub(super) fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > NAME_BYTES {
        return Err(format!("a name has 1 to {NAME_BYTES} bytes"));
    }
    Ok(())
}

fn check_within(value: u64, least: u64, most: u64) -> Result<(), String> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(format!(
            "must be between {least} and {most}, and not {value}"
        )),
    }
}

fn size(value: Option<u64>) -> usize {
    usize::try_from(value.unwrap_or(0)).unwrap_or(usize::MAX)
}

/// The table of a configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    route: Option<String>,
    user: Option<String>,
    header: Option<String>,
    fingerprint: Option<String>,
    #[serde(default, deserialize_with = "within::<_, 0, BODY_BYTES>")]
    bodies: Option<u64>,
    #[serde(default, deserialize_with = "within::<_, 0, ROWS>")]
    rows: Option<u64>,
    #[serde(default)]
    values: bool,
    #[serde(default)]
    full_sampling: bool,
    #[serde(default)]
    profile: bool,
    #[serde(default, deserialize_with = "within::<_, 1, LONGEST_MILLIS>")]
    lasting_ms: Option<u64>,
    #[serde(default, deserialize_with = "within::<_, 1, { u64::MAX }>")]
    at_most: Option<u64>,
}

/// A number that is checked where it stands, so that the error knows its line.
fn within<'de, D: Deserializer<'de>, const LEAST: u64, const MOST: u64>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let value = u64::deserialize(deserializer)?;
    check_within(value, LEAST, MOST).map_err(D::Error::custom)?;
    Ok(Some(value))
}

impl TryFrom<Settings> for Rules {
    type Error = String;

    fn try_from(settings: Settings) -> Result<Self, String> {
        let rules = Self {
            conditions: Conditions {
                route: settings.route.map(Pattern::from),
                user: settings.user.map(Pattern::from),
                header: settings.header.map(Header::from),
                fingerprint: settings.fingerprint.map(Pattern::from),
            },
            effects: Effects {
                bodies: size(settings.bodies),
                rows: size(settings.rows),
                values: settings.values,
                sampling: settings.full_sampling,
                profile: settings.profile,
            },
            lasting: settings.lasting_ms.map_or(USUALLY, Duration::from_millis),
            at_most: settings.at_most,
        };
        rules.check()?;
        Ok(rules)
    }
}

/// The switches of a configuration: of each origin there are places for so many.
pub(crate) fn bounded<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, Rules>>, D::Error> {
    let switches = BTreeMap::<String, Rules>::deserialize(deserializer)?;
    if switches.len() > EACH_ORIGIN {
        let message = format!(
            "{} switches are too many: {EACH_ORIGIN} may be on",
            switches.len()
        );
        return Err(D::Error::custom(message));
    }
    for name in switches.keys() {
        check_name(name).map_err(D::Error::custom)?;
    }
    Ok(Some(switches))
}

/// Switches that may be on at once of those the program has set, and of those a configuration has.
pub(super) const EACH_ORIGIN: usize = 16;
const USUALLY: Duration = Duration::from_secs(600);
const LONGEST_MILLIS: u64 = 24 * 3_600 * 1_000;
const PATTERN_BYTES: usize = 256;
const NAME_BYTES: usize = 64;
const BODY_BYTES: u64 = 64 << 10;
const ROWS: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Rules, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_that_code_can_say_can_be_written() {
        let json = r#"{"route": "/a*", "user": "7", "header": "x-debug: on", "fingerprint": "sql-*", "bodies": 1,
            "rows": 2, "values": true, "full_sampling": true, "profile": true, "lasting_ms": 5000, "at_most": 9}"#;
        let built = crate::switch::Switch::new("a")
            .route("/a*")
            .user("7")
            .header("X-Debug", "on")
            .fingerprint("sql-*")
            .bodies(1)
            .rows(2)
            .values()
            .full_sampling()
            .profile()
            .lasting(Duration::from_secs(5))
            .at_most(9);
        assert_eq!(read(json), Ok(built.rules));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for (json, what) in [
            (r#"{"bodies": 5}"#, "no condition"),
            (r#"{"route": "/a"}"#, "turns nothing on"),
            (
                r#"{"route": "/a", "bodies": 65537}"#,
                "must be between 0 and 65536",
            ),
            (r#"{"route": "/a", "rows": 1001}"#, "between 0 and 1000"),
            (
                r#"{"route": "/a", "rows": 1, "lasting_ms": 0}"#,
                "between 1 and 86400000",
            ),
            (
                r#"{"route": "/a", "rows": 1, "lasting_ms": 86400001}"#,
                "and not 86400001",
            ),
            (
                r#"{"route": "/a", "rows": 1, "at_most": 0}"#,
                "between 1 and",
            ),
            (r#"{"header": ": 1", "rows": 1}"#, "header has no name"),
            (r#"{"routes": "/a", "rows": 1}"#, "unknown field `routes`"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(what), "{json}: {error}");
        }
        let long = "x".repeat(257);
        let error = read(&format!(r#"{{"user": "{long}", "rows": 1}}"#)).unwrap_err();
        assert!(error.contains("at most 256 bytes, not 257"), "{error}");
    }
}

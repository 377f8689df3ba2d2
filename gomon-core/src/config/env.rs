//! Settings from the environment: `GOMON_CAPTURE`, `GOMON_ROOT__SAMPLING__RATIO`.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::Config;
use crate::config::error::ConfigError;

/// The settings in these variables; those with other names than `GOMON_…` are not looked at.
///
/// Two underscores lead into a table. What is a JSON value is one (`0.1`, `true`, `["a"]`), all else is text.
pub(crate) fn read(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut ours: Vec<(String, String)> = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !is_other(name))
        .collect();
    ours.sort();
    let mut all = Map::new();
    for (name, text) in ours {
        let mut path = path(&name);
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let alone = nested(&path, value.clone());
        // Each on its own first: an error then is this variable's.
        Config::deserialize(Value::Object(alone))
            .map_err(|error| ConfigError::new(&name, None, error.to_string()))?;
        insert(&mut all, &mut path, value);
    }
    Config::deserialize(Value::Object(all))
        .map_err(|error| ConfigError::new("GOMON_*", None, error.to_string()))
}

/// What a variable's name leads to. Names of listeners and plug-ins are as they are written.
fn path(name: &str) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    for part in name.strip_prefix(PREFIX).unwrap_or(name).split("__") {
        let names = path.len() == 1
            && NAMED
                .iter()
                .any(|named| path.first().is_some_and(|p| p == named));
        path.push(match names {
            true => part.to_owned(),
            false => part.to_ascii_lowercase(),
        });
    }
    path
}

fn nested(path: &[String], value: Value) -> Map<String, Value> {
    let mut map = Map::new();
    if let Some((first, rest)) = path.split_first() {
        let value = match rest.is_empty() {
            true => value,
            false => Value::Object(nested(rest, value)),
        };
        map.insert(first.clone(), value);
    }
    map
}

fn insert(map: &mut Map<String, Value>, path: &mut Vec<String>, value: Value) {
    if path.is_empty() {
        return;
    }
    let first = path.remove(0);
    if path.is_empty() {
        map.insert(first, value);
        return;
    }
    let inner = map
        .entry(first)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        insert(inner, path, value);
    }
}

/// Names that mean something else: where the file is, and what tests are told.
fn is_other(name: &str) -> bool {
    name == FILE || name.starts_with("GOMON_TEST_")
}

const PREFIX: &str = "GOMON_";
/// Where the configuration file is.
pub(crate) const FILE: &str = "GOMON_CONFIG";
/// Tables whose keys are names.
const NAMED: [&str; 3] = ["listeners", "plugins", "switches"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::options::Limits;

    fn of(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let owned = variables.iter();
        read(owned.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
    }

    #[test]
    fn names_lead_into_tables_and_values_are_json_or_text() {
        let config = of(&[
            ("GOMON_CAPTURE", "full"),
            ("GOMON_ROOT__SAMPLING__RATIO", "0.25"),
            ("GOMON_ROOT__EXCLUDE", r#"["net-*"]"#),
            ("GOMON_LISTENERS__LogListener__MAX_EVENTS", "7"),
            ("GOMON_SWITCHES__Ada", r#"{"user": "ada", "rows": 10}"#),
            ("GOMON_CONFIG", "/etc/gomon.toml"),
            ("GOMON_TEST_POSTGRES_URL", "postgres://x"),
            ("HOME", "/root"),
        ])
        .unwrap();
        assert_eq!(config.capture().unwrap().rows(), 10);
        assert_eq!(config.sampling().unwrap().share(), 0.25);
        assert!(config.switches().unwrap().contains_key("Ada"));
        assert_eq!(
            config
                .queue_limits("LogListener", Limits::DEFAULT)
                .max_events,
            7
        );
    }

    #[test]
    fn an_error_names_the_variable() {
        for (name, text, what) in [
            ("GOMON_CAPTUER", "full", "unknown field `captuer`"),
            ("GOMON_CAPTURE", "all", "unknown variant `all`"),
            ("GOMON_REPORT_INTERVAL_MS", "soon", "string \"soon\""),
            ("GOMON_ROOT__SAMPLING__RATIO", "2", "within 0 and 1"),
        ] {
            let error = of(&[(name, text), ("GOMON_APPLICATION_ID", "shop")]).unwrap_err();
            assert_eq!(error.place(), name);
            assert!(error.message().contains(what), "{error}");
        }
    }
}

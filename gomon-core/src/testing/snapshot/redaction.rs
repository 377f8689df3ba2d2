use serde_json::Value;

/// What nobody wants to see: a path of keys and places.
#[derive(Clone, Debug)]
pub(super) struct Redaction(Vec<String>);

impl Redaction {
    pub(super) fn new(path: &str) -> Self {
        Self(path.split('.').map(str::to_owned).collect())
    }

    pub(super) fn apply(&self, event: &mut Value) {
        redact(event, &self.0);
    }
}

fn redact(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else {
        *value = Value::from(ANY);
        return;
    };
    let is_meant = |key: &str| first == "*" || first == key;
    match value {
        Value::Object(entries) => {
            let meant = entries.iter_mut().filter(|(key, _)| is_meant(key));
            meant.for_each(|(_, value)| redact(value, rest));
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                if is_meant(&at.to_string()) {
                    redact(item, rest);
                }
            }
        }
        _ => {}
    }
}

pub(super) const ANY: &str = "[any]";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_one_value_or_with_stars_to_many() {
        let redacted = |path| {
            let mut event = json!({"a": {"b": [1, 2]}, "c": {"b": 3}, "b": 4});
            Redaction::new(path).apply(&mut event);
            event
        };
        let expected = [
            (
                "b",
                json!({"a": {"b": [1, 2]}, "c": {"b": 3}, "b": "[any]"}),
            ),
            (
                "a.b.1",
                json!({"a": {"b": [1, "[any]"]}, "c": {"b": 3}, "b": 4}),
            ),
            (
                "*.b",
                json!({"a": {"b": "[any]"}, "c": {"b": "[any]"}, "b": 4}),
            ),
            (
                "a.b.*",
                json!({"a": {"b": ["[any]", "[any]"]}, "c": {"b": 3}, "b": 4}),
            ),
            ("a.d", json!({"a": {"b": [1, 2]}, "c": {"b": 3}, "b": 4})),
        ];
        for (path, expected) in expected {
            assert_eq!(redacted(path), expected, "{path}");
        }
    }
}

use std::borrow::Cow;

use serde_json::Value;

use super::{NameMask, REDACTED, url};

/// A JSON text with the values of secret fields masked, whatever kind they are; `None` if it does
/// not parse, for what cannot be read cannot be masked either.
///
/// ```
/// use gomon_core::mask::{NameMask, json};
///
/// let masked = json(br#"{"user": "joe", "password": ["a", 1]}"#, &NameMask::default());
/// assert_eq!(masked.as_deref(), Some(r#"{"user":"joe","password":"[redacted]"}"#));
/// ```
#[must_use]
pub fn json(body: &[u8], names: &NameMask) -> Option<String> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    mask(&mut value, names);
    Some(value.to_string())
}

/// The parser bounds the depth, and with it the recursion.
fn mask(value: &mut Value, names: &NameMask) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if names.hides(name) {
                    *field = Value::from(REDACTED);
                } else {
                    mask(field, names);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, names)),
        Value::String(text) if text.contains("://") || text.contains('?') => {
            if let Cow::Owned(masked) = url(text, names) {
                *text = masked;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_secrets_are_masked_and_the_rest_keeps_its_order() {
        let body = br#"[{"z": 1, "a": {"api_key": {"deep": 1}}, "Session": null}]"#;
        let expected = r#"[{"z":1,"a":{"api_key":"[redacted]"},"Session":"[redacted]"}]"#;
        assert_eq!(json(body, &NameMask::default()).as_deref(), Some(expected));
    }

    #[test]
    fn urls_in_strings_are_masked() {
        let body = br#"{"next":"https://joe:pw@h/?token=x&a=b"}"#;
        let expected = r#"{"next":"https://[redacted]@h/?token=[redacted]&a=b"}"#;
        assert_eq!(json(body, &NameMask::default()).as_deref(), Some(expected));
    }

    #[test]
    fn what_does_not_parse_is_left_out() {
        let names = NameMask::default();
        for body in [
            &b""[..],
            b"{\"a\":",
            b"\xff",
            "[".repeat(100_000).as_bytes(),
        ] {
            assert_eq!(json(body, &names), None);
        }
    }
}

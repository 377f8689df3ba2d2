//! Bound values, out of the list of their `Debug` forms that Diesel shows.

use gomon_core::{Capture, Tree};

use crate::rows::Cell;

/// Values beyond this many are left out.
const MOST: usize = 1024;

/// The values of the list. Diesel tells no types: what looks like a number, a string or nothing is taken for that. Of what has fields, as
/// a value of JSON has, the kind alone is told: nobody knows which of them are secret.
pub(super) fn bound(list: &str, capture: &Capture) -> Tree {
    let inner = list.strip_prefix('[').unwrap_or(list);
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    let values = entries(inner).take(MOST);
    Tree::List(
        values
            .map(|value| cell(value, capture).into_value(capture))
            .collect(),
    )
}

fn cell(shown: &str, capture: &Capture) -> Cell {
    let shown = some(shown);
    if shown == "None" {
        return Cell::of(Tree::Null);
    }
    if let Ok(flag) = shown.parse::<bool>() {
        return Cell::of(flag);
    }
    if let Ok(number) = shown.parse::<i64>() {
        return Cell::of(number);
    }
    if let Some(number) = shown
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
    {
        return Cell::of(number);
    }
    match string(shown) {
        Some(text) => Cell::text_or_json(&text, capture),
        None if shown.contains(['{', '(']) && !shown.starts_with('\'') => Cell::opaque(kind(shown)),
        None => Cell::text(shown, capture),
    }
}

/// The name before the brackets.
fn kind(shown: &str) -> &str {
    let end = shown.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    let kind = end.and_then(|end| shown.get(..end)).unwrap_or(shown);
    if kind.is_empty() { "value" } else { kind }
}

/// What is inside of any number of `Some(…)`.
fn some(mut shown: &str) -> &str {
    while let Some(inner) = shown
        .strip_prefix("Some(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        shown = inner;
    }
    shown
}

/// The text that `{:?}` made this of.
fn string(shown: &str) -> Option<String> {
    let inner = shown.strip_prefix('"')?;
    // Without its end where the list was cut.
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next()? {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            '0' => text.push('\0'),
            'u' => {
                let hex: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                text.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
            }
            other => text.push(other),
        }
    }
    Some(text)
}

/// Splits at the commas that are in no string and in no brackets.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(list).filter(|list| !list.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = end_of_entry(text) else {
            rest = None;
            return Some(text);
        };
        let (entry, after) = text.split_at_checked(end)?;
        rest = after.get(", ".len()..);
        Some(entry)
    })
}

fn end_of_entry(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 && text.get(at..).is_some_and(|rest| rest.starts_with(", ")) => {
                return Some(at);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use gomon_core::{Capture, Tree};

    use super::bound;

    fn values(list: &str) -> Vec<Tree> {
        values_of(list, &Capture::full().with_cell_bytes(8))
    }

    fn values_of(list: &str, capture: &Capture) -> Vec<Tree> {
        match bound(list, capture) {
            Tree::List(values) => values,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_told_apart_by_how_they_are_shown() {
        let list = format!(
            "{:?}",
            (
                7,
                "a, \"b\"\n",
                None::<i32>,
                Some("x"),
                true,
                1.5,
                [1_u8, 2],
                '\u{1b}'
            )
        );
        let list = list.replacen('(', "[", 1);
        let list = format!("{}]", list.strip_suffix(')').unwrap());
        let expected = vec![
            Tree::I64(7),
            Tree::from("a, \"b\"\n"),
            Tree::Null,
            Tree::from("x"),
            Tree::Bool(true),
            Tree::F64(1.5),
            Tree::from("[1, 2]"),
            Tree::from("'\\u{1b}'"),
        ];
        assert_eq!(values(&list), expected);
        assert_eq!(values("[]"), Vec::new());
    }

    #[test]
    fn a_list_that_was_cut_is_told_up_to_there() {
        assert_eq!(
            values("[1, \"abcdefghijkl"),
            [Tree::I64(1), Tree::from("abcdefgh")]
        );
        assert_eq!(values("[\"\\u{1b}"), [Tree::from("\u{1b}")]);
    }

    #[test]
    fn members_of_json_are_masked_by_name() {
        let json = format!("[{:?}]", r#"{"password":"hunter2"}"#);
        let told = bound(&json, &Capture::full());
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
    }

    #[test]
    fn of_what_has_fields_the_kind_is_told() {
        let json = serde_json::json!({"password": "hunter2"});
        #[derive(Debug)]
        #[expect(dead_code, reason = "it is shown")]
        struct Token(&'static str);
        let list = format!(
            "[{json:?}, {:?}, [{:?}]]",
            Some(Token("hunter2")),
            Token("hunter2")
        );
        let expected = ["<Object>", "<Token>", "<value>"].map(Tree::from);
        assert_eq!(values_of(&list, &Capture::full()), expected);
    }
}

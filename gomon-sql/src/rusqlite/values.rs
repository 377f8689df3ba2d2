//! Bound values, out of the text that SQLite has put them into.

use std::collections::BTreeMap;

use gomon_core::{Capture, Tree};

use crate::rows::Cell;
use crate::statement::{Dialect, Lexer, Placeholders, TokenKind};

/// The values that `expanded` has where `sql` has placeholders, in the order of their places; nothing if the two do not go
/// together.
pub(super) fn bound(sql: &str, expanded: &str, capture: &Capture) -> Option<Tree> {
    let mut values = BTreeMap::new();
    let mut placeholders = Placeholders::default();
    let mut rest = expanded;
    for token in Lexer::new(sql, Dialect::Sqlite) {
        if token.kind != TokenKind::Param {
            rest = rest.strip_prefix(token.text)?;
            continue;
        }
        let value = leading_value(rest)?;
        rest = rest.get(value.len()..)?;
        let place = placeholders.place(token.text);
        values
            .entry(place)
            .or_insert_with(|| cell(value, capture).into_value(capture));
    }
    let last = values.keys().next_back().copied()?;
    let values = (0..last.saturating_add(1).min(MOST))
        .map(|place| values.remove(&place).unwrap_or(Tree::Null));
    rest.is_empty().then(|| Tree::List(values.collect()))
}

/// As many parameters as a statement may have, unless SQLite is compiled for more.
const MOST: usize = 32_766;

/// The literal that the text begins with.
fn leading_value(text: &str) -> Option<&str> {
    let sign = usize::from(text.starts_with('-'));
    let literal = Lexer::new(text.get(sign..)?, Dialect::Sqlite).next()?;
    text.get(..sign + literal.text.len())
}

fn cell(value: &str, capture: &Capture) -> Cell {
    if value == "NULL" {
        return Cell::of(Tree::Null);
    }
    if let Some(inner) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return Cell::text_or_json(&inner.replace("''", "'"), capture);
    }
    if let Ok(number) = value.parse::<i64>() {
        return Cell::of(number);
    }
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() => Cell::of(number),
        // A blob, in hexadecimal digits.
        _ => Cell::text(value, capture),
    }
}

#[cfg(test)]
mod tests {
    use gomon_core::{Capture, Tree};

    use super::bound;

    #[test]
    fn values_are_found_where_the_placeholders_are() {
        let told = bound(
            "SELECT 'a?', ?, ?2, :n, @m FROM t -- ?\nWHERE a = ?",
            "SELECT 'a?', -7, 'it''s', NULL, x'0aff' FROM t -- ?\nWHERE a = 1.5",
            &Capture::full(),
        );
        let expected = vec![
            Tree::I64(-7),
            Tree::from("it's"),
            Tree::Null,
            Tree::from("x'0aff'"),
            Tree::F64(1.5),
        ];
        assert_eq!(told, Some(Tree::List(expected)));
    }

    #[test]
    fn values_are_in_the_order_of_their_places() {
        let told = bound(
            "UPDATE t SET a = ?3, b = :b, c = :b WHERE d = ?1",
            "UPDATE t SET a = 3, b = 4, c = 4 WHERE d = 1",
            &Capture::full(),
        );
        let expected = vec![Tree::I64(1), Tree::Null, Tree::I64(3), Tree::I64(4)];
        assert_eq!(told, Some(Tree::List(expected)));
    }

    #[test]
    fn texts_that_do_not_go_together_give_none() {
        for (sql, expanded) in [
            ("SELECT ?", "UPDATE 1"),
            ("SELECT ?", "SELECT 1 FROM t"),
            ("SELECT ? FROM t", "SELECT "),
            ("SELECT 1", "SELECT 1"),
        ] {
            assert_eq!(bound(sql, expanded, &Capture::full()), None, "{sql}");
        }
    }

    #[test]
    fn members_of_json_are_masked_by_name() {
        let told = bound(
            "SELECT ?",
            "SELECT '{\"password\":\"hunter2\"}'",
            &Capture::full(),
        );
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
    }
}

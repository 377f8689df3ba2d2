//! The values of SeaORM, as events tell them.

use std::fmt::{self, Write};

use gomon_core::{Capture, Tree};
use sea_orm::Value;

use crate::rows::Cell;

/// Values of which only the type is told: their members would have to be masked by name.
const OPAQUE: [&str; 4] = ["Json", "Array", "Vector", "Range"];

/// The bound values of a statement.
pub(super) fn bound(values: &[Value], capture: &Capture) -> Tree {
    let told = values
        .iter()
        .map(|value| cell(value, capture).into_value(capture));
    Tree::List(told.collect())
}

fn cell(value: &Value, capture: &Capture) -> Cell {
    match value {
        Value::Bool(value) => of(*value),
        Value::TinyInt(value) => of(*value),
        Value::SmallInt(value) => of(*value),
        Value::Int(value) => of(*value),
        Value::BigInt(value) => of(*value),
        Value::TinyUnsigned(value) => of(*value),
        Value::SmallUnsigned(value) => of(*value),
        Value::Unsigned(value) => of(*value),
        Value::BigUnsigned(value) => of(*value),
        Value::Float(value) => of(*value),
        Value::Double(value) => of(*value),
        Value::String(Some(text)) => Cell::text_or_json(text, capture),
        Value::Char(Some(c)) => Cell::text(c.encode_utf8(&mut [0; 4]), capture),
        Value::Bytes(Some(bytes)) => Cell::bytes(bytes, capture),
        // Which others there are depends on features of a crate that is not ours.
        other => shown(other, capture),
    }
}

fn of(value: Option<impl Into<Tree>>) -> Cell {
    value.map_or_else(|| Cell::of(Tree::Null), Cell::of)
}

/// As SeaORM would write it into a statement, without the quotes.
fn shown(value: &Value, capture: &Capture) -> Cell {
    let name = variant(value);
    if OPAQUE.contains(&name.as_str()) {
        return Cell::opaque(&name);
    }
    match value.to_string() {
        null if null == "NULL" => Cell::of(Tree::Null),
        text => Cell::text(text.trim_matches('\''), capture),
    }
}

/// The name of the variant, without what is in it.
fn variant(value: &Value) -> String {
    struct Name(String);
    impl Write for Name {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            let name = piece.split('(').next().unwrap_or(piece);
            self.0.push_str(name);
            (name.len() == piece.len()).then_some(()).ok_or(fmt::Error)
        }
    }
    let mut name = Name(String::new());
    // The error is how it stops.
    let _ = write!(name, "{value:?}");
    name.0
}

#[cfg(test)]
mod tests {
    use gomon_core::{Capture, Tree};
    use sea_orm::Value;

    use super::{bound, variant};

    #[test]
    fn bound_values_are_told_by_type_and_cut() {
        let values = [
            Value::from(7),
            Value::from("abcdef"),
            Value::String(None),
            Value::from(true),
            Value::from('x'),
            Value::Int(None),
        ];
        let expected = vec![
            Tree::I64(7),
            Tree::from("abc"),
            Tree::Null,
            Tree::Bool(true),
            Tree::from("x"),
            Tree::Null,
        ];
        let capture = Capture::full().with_cell_bytes(3);
        assert_eq!(bound(&values, &capture), Tree::List(expected));
    }

    #[test]
    fn members_of_json_are_masked_by_name() {
        let json = Value::from(r#"{"password":"hunter2"}"#);
        let told = bound(&[json], &Capture::full());
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
    }

    #[test]
    fn a_value_has_the_name_of_its_variant() {
        assert_eq!(variant(&Value::from("a(b")), "String");
        assert_eq!(variant(&Value::Int(None)), "Int");
    }
}

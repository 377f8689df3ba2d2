//! The values of `Any`, as events tell them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;

use gomon_core::{Capture, Tree};
use sqlx_core::any::{Any, AnyArguments, AnyQueryResult, AnyRow, AnyValueKind};

use crate::row_source::RowSource;
use crate::rows::Cell;

impl RowSource for Any {
    fn affected(result: &AnyQueryResult) -> u64 {
        result.rows_affected()
    }

    fn last_id(result: &AnyQueryResult) -> Option<i64> {
        result.last_insert_id().filter(|id| *id != 0)
    }

    fn cell(row: &AnyRow, index: usize, capture: &Capture) -> Cell {
        row.values
            .get(index)
            .map_or_else(|| Cell::opaque("?"), |value| cell(&value.kind, capture))
    }
}

/// The bound values of a statement.
pub(super) fn bound(arguments: &AnyArguments, capture: &Capture) -> Tree {
    let values = arguments.values.0.iter();
    Tree::List(
        values
            .map(|value| cell(value, capture).into_value(capture))
            .collect(),
    )
}

/// A number that stands for the bound values.
pub(super) fn hash(arguments: &AnyArguments) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in &arguments.values.0 {
        mem::discriminant(value).hash(&mut hasher);
        match value {
            AnyValueKind::Bool(value) => value.hash(&mut hasher),
            AnyValueKind::SmallInt(value) => value.hash(&mut hasher),
            AnyValueKind::Integer(value) => value.hash(&mut hasher),
            AnyValueKind::BigInt(value) => value.hash(&mut hasher),
            AnyValueKind::Real(value) => value.to_bits().hash(&mut hasher),
            AnyValueKind::Double(value) => value.to_bits().hash(&mut hasher),
            AnyValueKind::Text(value) => value.hash(&mut hasher),
            AnyValueKind::TextSlice(value) => value.hash(&mut hasher),
            AnyValueKind::Blob(value) => value.hash(&mut hasher),
            _ => {}
        }
    }
    hasher.finish()
}

fn cell(value: &AnyValueKind, capture: &Capture) -> Cell {
    match value {
        AnyValueKind::Null(_) => Cell::of(Tree::Null),
        AnyValueKind::Bool(value) => Cell::of(*value),
        AnyValueKind::SmallInt(value) => Cell::of(*value),
        AnyValueKind::Integer(value) => Cell::of(*value),
        AnyValueKind::BigInt(value) => Cell::of(*value),
        AnyValueKind::Real(value) => Cell::of(*value),
        AnyValueKind::Double(value) => Cell::of(*value),
        AnyValueKind::Text(value) => Cell::text_or_json(value, capture),
        AnyValueKind::TextSlice(value) => Cell::text_or_json(value, capture),
        AnyValueKind::Blob(value) => Cell::bytes(value, capture),
        _ => Cell::opaque("?"),
    }
}

#[cfg(test)]
mod tests {
    use gomon_core::{Capture, Tree};
    use sqlx_core::any::AnyArguments;
    use sqlx_core::arguments::Arguments;

    use super::bound;

    #[test]
    fn bound_values_are_told_by_type_and_cut() {
        let mut arguments = AnyArguments::default();
        arguments.add(7_i32).unwrap();
        arguments.add("abcdef").unwrap();
        arguments.add(None::<i64>).unwrap();
        arguments.add(true).unwrap();
        let values = bound(&arguments, &Capture::full().with_cell_bytes(3));
        let expected = vec![
            Tree::I64(7),
            Tree::from("abc"),
            Tree::Null,
            Tree::Bool(true),
        ];
        assert_eq!(values, Tree::List(expected));
    }
}

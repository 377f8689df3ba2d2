//! The values of `Any`, as events tell them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;

use gomon_core::{Capture, Tree, is_enabled};
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
pub(crate) fn bound(arguments: &AnyArguments, capture: &Capture) -> Tree {
    let values = arguments.values.0.iter();
    Tree::List(
        values
            .map(|value| cell(value, capture).into_value(capture))
            .collect(),
    )
}

/// The same values once more.
pub(crate) fn copy(arguments: &AnyArguments) -> AnyArguments {
    let mut copy = AnyArguments::default();
    copy.values.0.clone_from(&arguments.values.0);
    copy
}

/// A number that stands for the bound values. `None` while nothing is recorded, and where they are so long that finding it takes
/// longer than a short query.
pub(crate) fn hash(arguments: &AnyArguments) -> Option<u64> {
    let bytes = arguments.values.0.iter().map(|value| match value {
        AnyValueKind::Text(value) => value.len(),
        AnyValueKind::TextSlice(value) => value.len(),
        AnyValueKind::Blob(value) => value.len(),
        _ => 0,
    });
    if !is_enabled() || bytes.sum::<usize>() > HASHED_BYTES {
        return None;
    }
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
    Some(hasher.finish())
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

const HASHED_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use gomon_core::{Capture, Tree};
    use sqlx_core::any::AnyArguments;
    use sqlx_core::arguments::Arguments;

    use super::{HASHED_BYTES, bound, hash};

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

    #[test]
    fn what_is_the_same_has_one_number_and_what_is_long_has_none() {
        let hash = |text: String| {
            let mut arguments = AnyArguments::default();
            arguments.add(7_i32).unwrap();
            arguments.add(text).unwrap();
            hash(&arguments)
        };
        assert!(hash("a".to_owned()).is_some());
        assert_eq!(hash("a".to_owned()), hash("a".to_owned()));
        assert_ne!(hash("a".to_owned()), hash("b".to_owned()));
        assert_eq!(hash("a".repeat(HASHED_BYTES + 1)), None);
    }
}

//! What an event must be like to be passed on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::event::Event;
use crate::event::outcome::Outcome;
use crate::event::value::{Tree, ValueRef};
use crate::mask::names;

/// One condition. An event is passed on if it meets all of them.
#[derive(Clone)]
pub(crate) enum Check {
    /// Its fingerprint matches one of the patterns.
    Include(Vec<String>),
    /// Its fingerprint matches none of them.
    Exclude(Vec<String>),
    /// It ended, and like this.
    Outcomes(Vec<Outcome>),
    /// It ended, and took longer.
    SlowerThan(Duration),
    /// It has this attribute.
    Equal(String, Tree),
    /// What the user's code says.
    Filter(Arc<dyn Fn(&Event) -> bool + Send + Sync>),
}

impl Check {
    pub(crate) fn include(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Include(lower_case(patterns))
    }

    pub(crate) fn exclude(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Exclude(lower_case(patterns))
    }

    pub(crate) fn is_met(&self, event: &Event) -> bool {
        match self {
            Self::Include(patterns) => matches_any(patterns, event.fp()),
            Self::Exclude(patterns) => !matches_any(patterns, event.fp()),
            Self::Outcomes(outcomes) => {
                let outcome = event.outcome();
                outcome.is_some_and(|outcome| outcomes.contains(&outcome))
            }
            Self::SlowerThan(limit) => event.lapsed().is_some_and(|lapsed| lapsed > *limit),
            Self::Equal(key, value) => event.get(key).is_some_and(|other| equals(other, value)),
            Self::Filter(wanted) => wanted(event),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Include(patterns) => f.debug_tuple("Include").field(patterns).finish(),
            Self::Exclude(patterns) => f.debug_tuple("Exclude").field(patterns).finish(),
            Self::Outcomes(outcomes) => f.debug_tuple("Outcomes").field(outcomes).finish(),
            Self::SlowerThan(limit) => f.debug_tuple("SlowerThan").field(limit).finish(),
            Self::Equal(key, value) => f.debug_tuple("Equal").field(key).field(value).finish(),
            Self::Filter(_) => f.write_str("Filter"),
        }
    }
}

fn lower_case(patterns: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    let lower_case = |pattern: String| pattern.to_ascii_lowercase();
    patterns
        .into_iter()
        .map(Into::into)
        .map(lower_case)
        .collect()
}

fn matches_any(patterns: &[String], fp: &str) -> bool {
    let matches = |pattern: &String| names::matches(pattern.as_bytes(), fp.as_bytes());
    patterns.iter().any(matches)
}

/// Integers are equal by value, whatever their type; those inside of a list or a map are only if
/// their types are too.
fn equals(value: ValueRef<'_>, other: &Tree) -> bool {
    match (value, other) {
        (ValueRef::Null, Tree::Null) => true,
        (ValueRef::Bool(value), Tree::Bool(other)) => value == *other,
        (ValueRef::Str(value), Tree::Str(other)) => value == other,
        (ValueRef::Tree(value), other) => value == other,
        (ValueRef::Packed(map), other) => map.to_tree() == *other,
        (value, other) => match (integer_of(value), integer(other)) {
            (Some(value), Some(other)) => value == other,
            _ => matches!((value, other), (ValueRef::F64(a), Tree::F64(b)) if a == *b),
        },
    }
}

fn integer(tree: &Tree) -> Option<i128> {
    match tree {
        Tree::I64(value) => Some(i128::from(*value)),
        Tree::U64(value) => Some(i128::from(*value)),
        _ => None,
    }
}

fn integer_of(value: ValueRef<'_>) -> Option<i128> {
    match value {
        ValueRef::I64(value) => Some(i128::from(value)),
        ValueRef::U64(value) => Some(i128::from(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_may_have_stars_anywhere() {
        let Check::Include(patterns) = Check::include(["http-*", "*-WCONN-*", "panic"]) else {
            panic!("it is a list of patterns");
        };
        for fp in ["http-roundtripper", "sql-wconn-queryctx", "panic"] {
            assert!(matches_any(&patterns, fp), "{fp}");
        }
        for fp in ["sql-wrows", "panics", "", "xhttp-y"] {
            assert!(!matches_any(&patterns, fp), "{fp}");
        }
    }

    #[test]
    fn numbers_are_compared_by_value_and_texts_by_text() {
        assert!(equals(ValueRef::U64(3), &3_i64.into()));
        assert!(equals(ValueRef::I64(-3), &(-3_i64).into()));
        assert!(!equals(ValueRef::U64(u64::MAX), &(-1_i64).into()));
        assert!(equals(ValueRef::F64(0.5), &0.5.into()));
        assert!(
            equals(ValueRef::Str("a"), &"a".into()) && equals(ValueRef::Bool(true), &true.into())
        );
        assert!(!equals(ValueRef::Str("3"), &3_u64.into()));
        assert!(equals(
            ValueRef::Tree(&Tree::from(vec![1_u64])),
            &Tree::from(vec![1_u64])
        ));
        assert!(!equals(
            ValueRef::Tree(&Tree::from(vec![1_u64])),
            &Tree::from(vec![1_i64])
        ));
    }
}

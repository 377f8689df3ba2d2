use std::fmt::{self, Display, Formatter};

/// How many of something a test allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `== 3`
    Exactly(u64),
    /// `<= 3`
    AtMost(u64),
    /// `< 3`
    Below(u64),
    /// `>= 3`
    AtLeast(u64),
    /// `> 3`
    Above(u64),
}

impl Bound {
    /// Whether so many are allowed.
    #[must_use]
    pub const fn allows(self, count: u64) -> bool {
        match self {
            Self::Exactly(bound) => count == bound,
            Self::AtMost(bound) => count <= bound,
            Self::Below(bound) => count < bound,
            Self::AtLeast(bound) => count >= bound,
            Self::Above(bound) => count > bound,
        }
    }
}

/// In words: `at most 3`.
impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(bound) => write!(f, "exactly {bound}"),
            Self::AtMost(bound) => write!(f, "at most {bound}"),
            Self::Below(bound) => write!(f, "less than {bound}"),
            Self::AtLeast(bound) => write!(f, "at least {bound}"),
            Self::Above(bound) => write!(f, "more than {bound}"),
        }
    }
}

/// The operator and number of an assertion as a [`Bound`](crate::testing::Bound).
#[doc(hidden)]
#[macro_export]
macro_rules! __bound {
    (== $count:expr) => {
        $crate::testing::Bound::Exactly($count)
    };
    (<= $count:expr) => {
        $crate::testing::Bound::AtMost($count)
    };
    (< $count:expr) => {
        $crate::testing::Bound::Below($count)
    };
    (>= $count:expr) => {
        $crate::testing::Bound::AtLeast($count)
    };
    (> $count:expr) => {
        $crate::testing::Bound::Above($count)
    };
}

/// A number of things as the assertions take it.
#[doc(hidden)]
#[must_use]
pub fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {

    #[test]
    fn every_operator_allows_what_it_says() {
        for (bound, allowed, said) in [
            (crate::__bound!(== 3), [false, true, false], "exactly 3"),
            (crate::__bound!(<= 3), [true, true, false], "at most 3"),
            (crate::__bound!(< 3), [true, false, false], "less than 3"),
            (crate::__bound!(>= 3), [false, true, true], "at least 3"),
            (crate::__bound!(> 3), [false, false, true], "more than 3"),
        ] {
            assert_eq!(
                [2, 3, 4].map(|count| bound.allows(count)),
                allowed,
                "{said}"
            );
            assert_eq!(bound.to_string(), said);
        }
    }
}

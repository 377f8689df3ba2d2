//! The text of a query, out of what Diesel shows of it.

use std::fmt::{self, Write};

use diesel::connection::DebugQuery;

/// What Diesel's `Display` of a query puts between its text and its values.
const MARK: &str = " -- binds: ";
/// Of the values, as many bytes as this are looked at.
const BINDS_BYTES: usize = 64 * 1024;

/// A query as Diesel shows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) sql: String,
    /// The values, as a list of their `Debug` forms.
    pub(super) binds: Option<String>,
}

/// Which parts to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Sql,
    SqlAndBinds,
}

impl Text {
    pub(super) fn of(query: &dyn DebugQuery, wanted: Wanted) -> Self {
        let mut text = Shown {
            text: Self::default(),
            wanted,
        };
        // An error is how it stops early, or a query that cannot be built: Diesel will say that too.
        let _ = write!(text, "{query}");
        text.text
    }
}

struct Shown {
    text: Text,
    wanted: Wanted,
}

impl Write for Shown {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if let Some(binds) = &mut self.text.binds {
            let left = BINDS_BYTES.saturating_sub(binds.len());
            let kept = crate::statement::prefix(piece, left);
            binds.push_str(kept);
            return (kept.len() == piece.len()).then_some(()).ok_or(fmt::Error);
        }
        match piece.split_once(MARK) {
            None => self.text.sql.push_str(piece),
            Some((sql, _)) if self.wanted == Wanted::Sql => {
                self.text.sql.push_str(sql);
                // Its values are not even formatted.
                return Err(fmt::Error);
            }
            Some((sql, binds)) => {
                self.text.sql.push_str(sql);
                self.text.binds = Some(binds.to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fmt;

    use diesel::connection::DebugQuery;

    use super::{BINDS_BYTES, MARK, Text, Wanted};

    /// Shown as Diesel shows a query.
    struct Query<'a>(&'a str, &'a [i32], Cell<bool>);

    impl fmt::Display for Query<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}{MARK}{:?}", self.0, self.1)?;
            self.2.set(true);
            Ok(())
        }
    }

    impl fmt::Debug for Query<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{self}")
        }
    }

    impl DebugQuery for Query<'_> {}

    #[test]
    fn values_are_formatted_only_where_they_are_wanted() {
        let query = Query("SELECT ?", &[1, 2], Cell::new(false));
        let sql = Text::of(&query, Wanted::Sql);
        assert_eq!((sql.sql.as_str(), sql.binds), ("SELECT ?", None));
        assert!(!query.2.get());
        let both = Text::of(&query, Wanted::SqlAndBinds);
        assert_eq!(both.binds.as_deref(), Some("[1, 2]"));
        assert!(query.2.get());
    }

    #[test]
    fn values_without_end_are_cut() {
        let many = vec![7; BINDS_BYTES];
        let query = Query("SELECT ?", &many, Cell::new(false));
        let text = Text::of(&query, Wanted::SqlAndBinds);
        assert!(text.binds.unwrap().len() <= BINDS_BYTES);
        assert!(!query.2.get());
    }
}

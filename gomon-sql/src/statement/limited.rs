//! Whether a query says how many rows it wants at most.

use super::lexer::{Kind, Token};

/// Looks for `LIMIT`, `FETCH FIRST` and `TOP` outside of subqueries. Of `UNION` and its like it is enough if each side says so.
#[derive(Debug, Default)]
pub(super) struct Limited {
    whole: Query,
    /// Those in parentheses that are a side, or all, of the one round them.
    inner: Vec<Query>,
    after_close: bool,
    found: bool,
}

#[derive(Debug, Default)]
struct Query {
    /// There is a limit for all sides.
    limit: bool,
    /// A side that is over has none.
    unlimited_side: bool,
    side: Side,
    side_limited: bool,
    /// Open parentheses of other kinds.
    depth: usize,
}

/// How far a side of a query is.
#[derive(Debug, Default, PartialEq, Eq)]
enum Side {
    #[default]
    Starts,
    /// After `WITH`, where parentheses are those of other queries.
    With,
    Begun,
}

impl Limited {
    pub(super) fn push(&mut self, token: Token<'_>) {
        if token.kind == Kind::Space {
            return;
        }
        let after_close = std::mem::take(&mut self.after_close);
        let shallow = self.inner.len() < DEPTH;
        let query = self.inner.last_mut().unwrap_or(&mut self.whole);
        match (token.kind, token.text) {
            (Kind::Punct, "(") if shallow && query.may_open(after_close) => {
                self.inner.push(Query::default());
            }
            (Kind::Punct, "(") => query.depth += 1,
            (Kind::Punct, ")") => {
                self.after_close = true;
                self.close();
            }
            (Kind::Punct, ";") => self.end(),
            (Kind::Word, word) if query.depth == 0 => query.word(word),
            _ => {}
        }
    }

    pub(super) fn found(mut self) -> bool {
        self.end();
        self.found
    }

    fn close(&mut self) {
        let query = self.inner.last_mut().unwrap_or(&mut self.whole);
        if query.depth > 0 {
            query.depth -= 1;
        } else if let Some(closed) = self.inner.pop() {
            let round = self.inner.last_mut().unwrap_or(&mut self.whole);
            round.side = Side::Begun;
            round.side_limited |= closed.is_limited();
        }
    }

    /// Another statement follows, or nothing.
    fn end(&mut self) {
        self.inner.clear();
        self.found |= std::mem::take(&mut self.whole).is_limited();
    }
}

impl Query {
    fn may_open(&self, after_close: bool) -> bool {
        let is_side = self.side == Side::Starts || self.side == Side::With && after_close;
        self.depth == 0 && is_side
    }

    fn word(&mut self, word: &str) {
        let is = |words: &[&str]| words.iter().any(|other| word.eq_ignore_ascii_case(other));
        if is(&["UNION", "EXCEPT", "INTERSECT"]) {
            self.unlimited_side |= !self.side_limited;
            (self.side, self.side_limited) = (Side::Starts, false);
        } else if is(&["LIMIT", "FETCH"]) {
            self.limit = true;
        } else if is(&["TOP"]) {
            self.side_limited = true;
        } else if self.side == Side::Starts {
            if is(&["WITH"]) {
                self.side = Side::With;
            } else if !is(&["ALL", "DISTINCT"]) {
                self.side = Side::Begun;
            }
        } else if is(&["SELECT"]) {
            self.side = Side::Begun;
        }
    }

    fn is_limited(&self) -> bool {
        self.limit || self.side_limited && !self.unlimited_side
    }
}

/// Parentheses deeper than this hide what is in them.
const DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use crate::statement::{Dialect, Statement};

    #[test]
    fn a_limit_counts_where_it_limits_the_whole() {
        for (sql, limited) in [
            ("SELECT a FROM t", false),
            ("SELECT a FROM t WHERE id = 1", false),
            ("SELECT a FROM t limit 10", true),
            ("SELECT a FROM t LIMIT ? OFFSET ?", true),
            ("SELECT a FROM t ORDER BY a FETCH FIRST 5 ROWS ONLY", true),
            ("SELECT TOP 5 a FROM t", true),
            ("SELECT a FROM (SELECT a FROM t LIMIT 10) x", false),
            ("SELECT a FROM t WHERE b IN (1, 2) LIMIT 3", true),
            ("SELECT \"LIMIT\" FROM t", false),
            ("(SELECT a FROM t LIMIT 600)", true),
            ("(SELECT a FROM t) LIMIT 600", true),
            ("(SELECT a FROM t LIMIT 600) ORDER BY a", true),
            ("((SELECT a FROM t LIMIT 600))", true),
            ("(SELECT a FROM t)", false),
            (
                "(SELECT a FROM t LIMIT 600) UNION ALL (SELECT a FROM u LIMIT 600)",
                true,
            ),
            (
                "(SELECT a FROM t LIMIT 600) UNION ALL (SELECT a FROM u)",
                false,
            ),
            (
                "(SELECT a FROM t) UNION DISTINCT (SELECT a FROM u LIMIT 600)",
                false,
            ),
            (
                "(SELECT a FROM t LIMIT 6) EXCEPT (SELECT a FROM u LIMIT 6) INTERSECT (SELECT a FROM v FETCH FIRST ROW ONLY)",
                true,
            ),
            (
                "(SELECT a FROM t LIMIT 600) UNION ALL SELECT a FROM u",
                false,
            ),
            (
                "SELECT a FROM u UNION ALL (SELECT a FROM t LIMIT 600)",
                false,
            ),
            (
                "(SELECT a FROM t LIMIT 600) UNION ALL SELECT a FROM u LIMIT 600",
                true,
            ),
            ("SELECT a FROM t UNION ALL SELECT a FROM u LIMIT 9", true),
            ("SELECT TOP 5 a FROM t UNION ALL SELECT a FROM u", false),
            (
                "SELECT TOP 5 a FROM t UNION ALL SELECT TOP 5 a FROM u",
                true,
            ),
            (
                "((SELECT a FROM t LIMIT 6) UNION (SELECT a FROM u LIMIT 6)) UNION (SELECT a FROM v LIMIT 6)",
                true,
            ),
            (
                "((SELECT a FROM t LIMIT 6) UNION (SELECT a FROM u)) UNION (SELECT a FROM v LIMIT 6)",
                false,
            ),
            (
                "(SELECT a FROM (SELECT a FROM t LIMIT 6) x) UNION (SELECT a FROM v LIMIT 6)",
                false,
            ),
            ("WITH x AS (SELECT a FROM t LIMIT 6) SELECT a FROM x", false),
            (
                "WITH x (a) AS (SELECT a FROM t), y AS (SELECT 1) (SELECT a FROM x LIMIT 6)",
                true,
            ),
            (
                "WITH x AS (SELECT a FROM t LIMIT 6) (SELECT a FROM x)",
                false,
            ),
            ("SELECT 1 WHERE a IN (SELECT a FROM t LIMIT 6)", false),
            ("SELECT a FROM t; SELECT a FROM u LIMIT 6", true),
        ] {
            let read = Statement::read(sql, Dialect::Postgres);
            assert_eq!(read.limited, limited, "{sql}");
        }
    }
}

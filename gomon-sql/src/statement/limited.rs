//! Whether a query says how many rows it wants at most.

use super::lexer::{Kind, Token};

/// Looks for `LIMIT`, `FETCH FIRST` and `TOP` outside of subqueries.
#[derive(Debug, Default)]
pub(super) struct Limited {
    depth: usize,
    found: bool,
}

impl Limited {
    pub(super) fn push(&mut self, token: Token<'_>) {
        match (token.kind, token.text) {
            (Kind::Punct, "(") => self.depth += 1,
            (Kind::Punct, ")") => self.depth = self.depth.saturating_sub(1),
            (Kind::Word, word) if self.depth == 0 => {
                self.found |= WORDS.iter().any(|limit| word.eq_ignore_ascii_case(limit));
            }
            _ => {}
        }
    }

    pub(super) fn found(&self) -> bool {
        self.found
    }
}

const WORDS: [&str; 3] = ["LIMIT", "FETCH", "TOP"];

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
        ] {
            let read = Statement::read(sql, Dialect::Postgres);
            assert_eq!(read.limited, limited, "{sql}");
        }
    }
}

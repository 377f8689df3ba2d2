//! Reading text of which it is not known whose it is: PostgreSQL's, MySQL's or SQLite's.
//!
//! What one of them takes for a value counts as one. Where they disagree on where something ends (a comment, a name in quotes),
//! and something begins in between that may have an end of its own, nobody can tell from there on what is inside of a value and
//! what is not: all the rest is a literal.

use super::{Escapes, Kind, Lexer, is_word};
use crate::statement::steps;

impl Lexer<'_> {
    /// The token at `start`, if engines disagree about what begins so.
    pub(super) fn careful(&self, start: usize) -> Option<(Kind, usize)> {
        let (c, next) = (self.at(start), self.at(start + 1));
        Some(match c {
            b'"' => self.string(start, Escapes::Unsure),
            b'-' if next == b'-' => self.careful_dashes(start),
            // A comment of MySQL's, an operator of PostgreSQL's.
            b'#' => self.careful_line(start + 1),
            b'/' if next == b'*' => self.careful_block(start),
            b'`' => self.careful_backticks(start),
            b'[' => self.careful_bracket(start),
            b'$' => return self.careful_dollar(start),
            _ => return None,
        })
    }

    fn careful_dashes(&self, start: usize) -> (Kind, usize) {
        let body = start + 2;
        // For MySQL it is twice a minus sign where no white space follows.
        if body < self.len() && self.at(body) > b' ' {
            return self.careful_line(body);
        }
        // For PostgreSQL it ends at a carriage return too.
        self.careful_line(self.find(body, |b| matches!(b, b'\r' | b'\n')))
    }

    /// What is a comment for some of them, up to the end of the line, and code from `from` on for others.
    fn careful_line(&self, from: usize) -> (Kind, usize) {
        let end = self.find(from, |b| b == b'\n');
        self.agreed(from, end, Kind::Space, end)
    }

    fn careful_block(&self, start: usize) -> (Kind, usize) {
        let body = start + 2;
        let length = self.rest_from(body).find("*/");
        steps::count(length.unwrap_or(self.len() - start));
        let Some(length) = length else {
            return (Kind::Space, self.len());
        };
        let (close, end) = (body + length, body + length + 2);
        let text = self.rest_from(body).get(..length).unwrap_or_default();
        // PostgreSQL's comments nest, and one may begin with the star that ends this one.
        if text.contains("/*") || text.ends_with('/') {
            return (Kind::Literal, self.len());
        }
        if is_run(text) {
            return self.agreed(body, close, Kind::Space, end);
        }
        (Kind::Space, end)
    }

    /// A comment of MySQL's, which runs some of them: `/*!50000 … */`.
    pub(super) fn mysql_comment(&self, start: usize) -> (Kind, usize) {
        let end = self.block_comment(start);
        let body = start + 2;
        if is_run(self.rest_from(body)) {
            self.agreed(body, end.saturating_sub(2), Kind::Space, end)
        } else {
            (Kind::Space, end)
        }
    }

    /// A name; for PostgreSQL operators, and code between them.
    fn careful_backticks(&self, start: usize) -> (Kind, usize) {
        let (kind, end) = self.quoted_name(start, b'`');
        let close = end.saturating_sub(1);
        let text = self.sql.as_bytes().get(start + 1..close);
        let text = text.unwrap_or_default();
        let is_name = text.first().is_some_and(|b| !b.is_ascii_digit());
        if kind == Kind::Literal || is_name && text.iter().all(|b| is_word(*b) && *b != b'$') {
            return (kind, end);
        }
        self.agreed(start + 1, close, Kind::Literal, end)
    }

    /// A name in SQLite, an array in PostgreSQL. It is read as the latter, if that is over where the name is.
    fn careful_bracket(&self, start: usize) -> (Kind, usize) {
        let one = (Kind::Punct, start + 1);
        if start < self.brackets.get() {
            return one;
        }
        let close = self.find(start, |b| b == b']');
        // Those inside of this one end where it ends, and each byte is looked at once.
        self.brackets.set(close);
        let mut i = start + 1;
        while i < close {
            i = self.next_kind(i).1.max(i + 1);
        }
        if i == close && close < self.len() {
            one
        } else {
            (Kind::Literal, self.len())
        }
    }

    /// A string in PostgreSQL; elsewhere the two ends are names, and code is between them.
    fn careful_dollar(&self, start: usize) -> Option<(Kind, usize)> {
        let after = self.find(start + 1, |b| !is_word(b) || b == b'$');
        if self.at(start + 1).is_ascii_digit() || self.at(after) != b'$' {
            return None;
        }
        let tag = self.sql.get(start..=after)?;
        let body = after + 1;
        let close = self.rest_from(body).find(tag).map(|n| body + n);
        steps::count(close.unwrap_or(self.len()) - start);
        Some(match close {
            Some(close) => self.agreed(body, close, Kind::Literal, close + tag.len()),
            None => (Kind::Literal, self.len()),
        })
    }

    /// A token of that kind up to `end`, if nothing begins between `from` and `to` that may reach further.
    fn agreed(&self, from: usize, to: usize, kind: Kind, end: usize) -> (Kind, usize) {
        let between = self.sql.as_bytes().get(from..to).unwrap_or_default();
        steps::count(between.len());
        let opens = between.iter().any(|b| b"'\"`[]$#\\".contains(b))
            || between.windows(2).any(|two| matches!(two, b"/*" | b"--"));
        if opens {
            (Kind::Literal, self.len())
        } else {
            (kind, end.min(self.len()))
        }
    }

    fn rest_from(&self, from: usize) -> &str {
        self.sql.get(from..).unwrap_or_default()
    }
}

/// The text of a comment that MySQL or MariaDB runs.
fn is_run(comment: &str) -> bool {
    comment.starts_with('!') || comment.starts_with("M!")
}

#[cfg(test)]
mod tests {
    use crate::statement::{Dialect, Statement};

    fn masked(sql: &str) -> String {
        Statement::read(sql, Dialect::Unknown).query
    }

    #[test]
    fn what_engines_agree_on_is_read() {
        for (sql, expected) in [
            (
                "SELECT a FROM t WHERE b = 'x' AND c = 5 -- d\n AND e = ?",
                "SELECT a FROM t WHERE b = ? AND c = ? AND e = ?",
            ),
            (
                "SELECT `a` FROM `t` WHERE b = $1",
                "SELECT `a` FROM `t` WHERE b = $1",
            ),
            (
                "SELECT ARRAY['a', 'b'], c[1] FROM t",
                "SELECT ARRAY[?, ?], c[?] FROM t",
            ),
            ("SELECT [a b] FROM [t]", "SELECT [a b] FROM [t]"),
            ("SELECT $$a b$$ FROM t", "SELECT ? FROM t"),
            ("SELECT /* c */ a FROM t", "SELECT a FROM t"),
            ("SELECT a FROM t --c", "SELECT a FROM t"),
        ] {
            assert_eq!(masked(sql), expected);
        }
    }

    #[test]
    fn what_one_of_them_takes_for_a_value_is_masked() {
        for sql in [
            r#"SELECT "hunter2""#,
            r"SELECT 'a\' hunter2 '",
            "SELECT $a$hunter2$a$",
            "SELECT $a$ it's $a$, 'hunter2'",
            "SELECT [it's], 'hunter2'",
            "SELECT [a'], ' hunter2 '",
            "SELECT ARRAY['a]b'], 'hunter2'",
            "SELECT 1 --it's\n, 'hunter2'",
            "SELECT 1 -- \r 'hunter2 \n hunter2'",
            "SELECT 1 # it's\n, 'hunter2'",
            "SELECT a #> '{hunter2}' FROM t",
            "SELECT /* a /* b */ 'hunter2' */ 'hunter2'",
            "SELECT /*/*/ 'hunter2' */ 'hunter2'",
            "SELECT /*!/*/ hunter2",
            "SELECT /*!50000 '*/', 'hunter2' */ 1",
            "SELECT `it's`, 'hunter2'",
            "SELECT ` 'hunter2' `",
            "SELECT `a``b'`, 'hunter2'",
            "SELECT $a$ 'it $a$ hunter2'",
        ] {
            assert!(!masked(sql).contains("hunter2"), "{sql}: {}", masked(sql));
        }
    }
}

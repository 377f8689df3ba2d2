//! Splits SQL text into tokens, by the quoting rules of four engines, and by those of three of them at once.
//!
//! It is a lexer and not a parser: enough to tell a literal from a name, which is all that masking, the summary and the
//! digest need. It reads every byte once, accepts any text, and never fails: whatever is opened and not closed
//! (a string, a quoted name, a comment) reaches to the end of the text.
//!
//! Sources of the rules: PostgreSQL manual 4.1 "Lexical Structure", MySQL manual 11.1 "Literal Values" and 11.7
//! "Comments", SQLite "Tokenizer" (`tokenize.c`) and "Double-quoted String Literals Are Accepted", Transact-SQL reference "Constants",
//! "Database identifiers" and "money".

mod careful;

use std::cell::Cell;

use super::steps;

/// Whose quoting rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// PostgreSQL: dollar quotes, `E''`, nested comments.
    Postgres,
    /// MySQL and MariaDB: backslashes in strings, `"` is a string, `#` comments.
    MySql,
    /// SQLite: four ways to quote a name, and `"` may be a string.
    Sqlite,
    /// SQL Server, which sqlx has no driver for: nested comments, `[a]]b]`, `#temp`, `$1.5` is money.
    MsSql,
    /// PostgreSQL, MySQL or SQLite, it is not known which.
    Unknown,
}

impl Dialect {
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) const EACH: [Self; 5] = [
        Self::Postgres,
        Self::MySql,
        Self::Sqlite,
        Self::MsSql,
        Self::Unknown,
    ];
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// White space or a comment; says nothing.
    Space,
    /// A keyword or a plain name.
    Word,
    /// A name in quotes, quotes included.
    Quoted,
    /// A value written into the text: string, number, blob. Also anything unterminated.
    Literal,
    /// A placeholder: `?`, `?1`, `$1`, `:name`, `@name`.
    Param,
    /// Any other single character.
    Punct,
}

/// A token and the text it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
}

/// What a backslash in a string means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    Yes,
    No,
    /// As the server is set.
    Unsure,
}

/// An iterator over the tokens of one text.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    pos: usize,
    dialect: Dialect,
    /// The last token, spaces aside, was the word `ESCAPE`.
    after_escape: bool,
    /// Up to where brackets are known to be no names, where it is not known whose text it is.
    brackets: Cell<usize>,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(sql: &'a str, dialect: Dialect) -> Self {
        Self {
            sql,
            pos: 0,
            dialect,
            after_escape: false,
            brackets: Cell::new(0),
        }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.pos
    }

    /// The text not read yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.sql.get(self.pos..).unwrap_or_default()
    }

    fn at(&self, i: usize) -> u8 {
        steps::count(1);
        self.sql.as_bytes().get(i).copied().unwrap_or(0)
    }

    fn len(&self) -> usize {
        self.sql.len()
    }

    fn is(&self, dialect: Dialect) -> bool {
        self.dialect == dialect
    }

    /// The first position at or after `from` where `stop` holds, or the end.
    fn find(&self, from: usize, stop: impl Fn(u8) -> bool) -> usize {
        let rest = self.sql.as_bytes().get(from..).unwrap_or_default();
        let found = rest.iter().position(|b| stop(*b)).unwrap_or(rest.len());
        steps::count(found);
        from.saturating_add(found).min(self.len())
    }

    fn next_kind(&self, start: usize) -> (Kind, usize) {
        if self.is(Dialect::Unknown)
            && let Some(found) = self.careful(start)
        {
            return found;
        }
        let (c, next) = (self.at(start), self.at(start + 1));
        match c {
            _ if is_space(c) => (Kind::Space, self.find(start, |b| !is_space(b))),
            b'-' if next == b'-' && self.dashes_comment(start) => self.line_comment(start),
            b'#' if self.is(Dialect::MySql) => self.line_comment(start),
            b'/' if next == b'*' && self.is(Dialect::MySql) => self.mysql_comment(start),
            b'/' if next == b'*' => (Kind::Space, self.block_comment(start)),
            b'\'' => self.string(start, self.escapes()),
            b'"' if self.is(Dialect::MySql) => self.string(start, Escapes::Unsure),
            b'"' => self.quoted_name(start, b'"'),
            b'`' if self.is(Dialect::MySql) || self.is(Dialect::Sqlite) => {
                self.quoted_name(start, b'`')
            }
            b'[' if self.is(Dialect::Sqlite) || self.is(Dialect::MsSql) => {
                self.quoted_name(start, b']')
            }
            b'$' if self.is(Dialect::MsSql) => self.money(start),
            b'$' => self.dollar(start),
            b'#' if self.is(Dialect::MsSql) => {
                (Kind::Word, self.find(start, |b| !is_word(b) && b != b'#'))
            }
            b'@' if self.is(Dialect::MsSql) => {
                (Kind::Param, self.find(start, |b| !is_word(b) && b != b'@'))
            }
            b'?' => (Kind::Param, self.find(start + 1, |b| !b.is_ascii_digit())),
            b':' | b'@' if self.is(Dialect::Sqlite) && is_word(next) => {
                (Kind::Param, self.find(start + 1, |b| !is_word(b)))
            }
            b'0'..=b'9' => (Kind::Literal, self.number(start)),
            b'.' if next.is_ascii_digit() && !self.follows_name(start) => {
                (Kind::Literal, self.number(start))
            }
            _ if is_word(c) => self.word(start),
            _ => (Kind::Punct, start + 1),
        }
    }

    /// MySQL wants white space after `--`; without it, it is twice a minus sign.
    fn dashes_comment(&self, start: usize) -> bool {
        !self.is(Dialect::MySql) || start + 2 >= self.len() || self.at(start + 2) <= b' '
    }

    fn line_comment(&self, start: usize) -> (Kind, usize) {
        let carriage_return = self.is(Dialect::Postgres);
        let ends = |b| b == b'\n' || (b == b'\r' && carriage_return);
        (Kind::Space, self.find(start, ends))
    }

    fn block_comment(&self, start: usize) -> usize {
        let mut depth = 1usize;
        let mut i = start + 2;
        while i < self.len() {
            match (self.at(i), self.at(i + 1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    i += 2;
                    if depth == 0 {
                        return i;
                    }
                }
                (b'/', b'*') if self.is(Dialect::Postgres) || self.is(Dialect::MsSql) => {
                    depth += 1;
                    i += 2;
                }
                _ => i += 1,
            }
        }
        self.len()
    }

    /// A string whose opening quote is at `open`; a doubled quote is a quote.
    ///
    /// Whether `\'` ends a string is a setting of the server that nobody tells us (`standard_conforming_strings`,
    /// `NO_BACKSLASH_ESCAPES`), and to take it the wrong way would turn the values that follow inside out. Unless the
    /// text itself says so (`E''`), such a string therefore reaches to the end. `ESCAPE '\'` is the exception, and the
    /// same string elsewhere in SQLite, where no setting gives backslashes a meaning.
    fn string(&self, open: usize, escapes: Escapes) -> (Kind, usize) {
        let quote = self.at(open);
        let mut i = open + 1;
        while i < self.len() {
            match self.at(i) {
                b'\\' if self.at(i + 1) == b'\\' && escapes != Escapes::No => i += 2,
                b'\\' if self.at(i + 1) == quote && escapes == Escapes::Unsure => {
                    let known = self.is(Dialect::Sqlite)
                        || (self.is(Dialect::Postgres) && self.after_escape);
                    let alone = i == open + 1 && self.at(i + 2) != quote && known;
                    return (Kind::Literal, if alone { i + 2 } else { self.len() });
                }
                b'\\' if escapes == Escapes::Yes => i += 2,
                b if b == quote && self.at(i + 1) == quote => i += 2,
                b if b == quote => return (Kind::Literal, i + 1),
                _ => i += 1,
            }
        }
        (Kind::Literal, self.len())
    }

    fn quoted_name(&self, start: usize, close: u8) -> (Kind, usize) {
        let mut i = start + 1;
        loop {
            i = self.find(i, |b| b == close);
            if i >= self.len() {
                return (Kind::Literal, self.len());
            }
            if self.at(i + 1) != close || (close == b']' && !self.is(Dialect::MsSql)) {
                return (Kind::Quoted, i + 1);
            }
            i += 2;
        }
    }

    /// `$1`, `$name`, `$$…$$` or `$tag$…$tag$`.
    fn dollar(&self, start: usize) -> (Kind, usize) {
        let after = self.find(start + 1, |b| !is_word(b) || b == b'$');
        let digits = self.at(start + 1).is_ascii_digit();
        if self.is(Dialect::Postgres) && !digits && self.at(after) == b'$' && after < self.len() {
            let tag = self.sql.get(start..=after).unwrap_or("$");
            let body = self.sql.get(after + 1..).unwrap_or_default();
            let close = body.find(tag);
            steps::count(close.unwrap_or(body.len()));
            return (
                Kind::Literal,
                close.map_or(self.len(), |n| after + 1 + n + tag.len()),
            );
        }
        if after == start + 1 {
            (Kind::Punct, after)
        } else {
            (Kind::Param, after)
        }
    }

    /// SQL Server's `$1.50`, or a name such as `$action`.
    fn money(&self, start: usize) -> (Kind, usize) {
        match self.at(start + 1) {
            b'0'..=b'9' | b'.' => (Kind::Literal, self.number(start + 1)),
            _ => (Kind::Word, self.find(start + 1, |b| !is_word(b))),
        }
    }

    /// Digits of any base, with point, underscores, exponent and whatever letters stick to them.
    fn number(&self, start: usize) -> usize {
        let mut i = start;
        while i < self.len() {
            let b = self.at(i);
            let sign_of_exponent = (b == b'+' || b == b'-')
                && matches!(self.at(i.saturating_sub(1)), b'e' | b'E')
                && i > start
                && self.at(i + 1).is_ascii_digit()
                && !matches!(self.at(start + 1), b'x' | b'X');
            let part = (is_word(b) && b != b'$')
                || (b == b'.' && self.at(i + 1) != b'.')
                || sign_of_exponent;
            if !part {
                break;
            }
            i += 1;
        }
        i
    }

    /// A name, or the prefix of a string that touches it (`E''`, `X''`, `N''`, `B''`, `U&''`).
    fn word(&self, start: usize) -> (Kind, usize) {
        let end = self.find(start, |b| !is_word(b));
        let word = self.sql.get(start..end).unwrap_or_default();
        let quote = self.at(end);
        if quote == b'\''
            && word.len() == 1
            && matches!(word.as_bytes().first(), Some(b) if b"eEbBxXnN".contains(b))
        {
            let explicit = self.is(Dialect::Postgres) && word.eq_ignore_ascii_case("e");
            return self.string(
                end,
                if explicit {
                    Escapes::Yes
                } else {
                    self.escapes()
                },
            );
        }
        if self.is(Dialect::Postgres) && word.eq_ignore_ascii_case("u") && quote == b'&' {
            match self.at(end + 1) {
                b'\'' => return self.string(end + 1, Escapes::Unsure),
                b'"' => return self.quoted_name(end + 1, b'"'),
                _ => {}
            }
        }
        if self.is(Dialect::MsSql) && starts_with_currency(word) {
            return (Kind::Literal, self.number(start));
        }
        (Kind::Word, end)
    }

    fn escapes(&self) -> Escapes {
        if self.is(Dialect::MsSql) {
            Escapes::No
        } else {
            Escapes::Unsure
        }
    }

    fn follows_name(&self, start: usize) -> bool {
        start > 0
            && matches!(self.at(start - 1), b if is_word(b) || matches!(b, b'"' | b'`' | b']' | b')'))
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if self.pos >= self.len() {
            return None;
        }
        let start = self.pos;
        let (kind, end) = self.next_kind(start);
        // An escape may point one byte past the end or into a character: step to the next boundary.
        let mut end = end.clamp(start + 1, self.len());
        while !self.sql.is_char_boundary(end) {
            end += 1;
        }
        self.pos = end;
        let text = self.sql.get(start..end).unwrap_or_default();
        if kind != Kind::Space {
            self.after_escape = kind == Kind::Word && text.eq_ignore_ascii_case("escape");
        }
        Some(Token { kind, text })
    }
}

fn is_space(b: u8) -> bool {
    b.is_ascii_whitespace() || b == 0x0b
}

/// `£5`, `€1.50`: no name begins so.
fn starts_with_currency(word: &str) -> bool {
    word.chars()
        .next()
        .is_some_and(|c| !c.is_ascii() && !c.is_alphanumeric())
}

/// Bytes of names; every byte above ASCII counts, as it does for all three engines.
fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80
}

#[cfg(test)]
mod tests;

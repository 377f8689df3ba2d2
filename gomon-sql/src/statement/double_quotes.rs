//! Strings in double quotes, which SQLite accepts, and SQL Server where it is set so.

use super::lexer::{Dialect, Kind, Token};

/// Parentheses deeper than this count as those of functions.
const DEPTH: u32 = 64;

/// SQLite takes `"x"` for a string where no column is called so. A name in quotes that stands where values stand is
/// therefore treated as the value it may be: after a comparison, inside `IN (`, `VALUES (` and the parentheses of a
/// function, and in `PRAGMA` and `ATTACH`.
#[derive(Debug)]
pub(super) struct DoubleQuotes {
    may_be_strings: bool,
    after_comparison: bool,
    values: bool,
    /// Between `BETWEEN` and its `AND`.
    between: bool,
    statement: Statement,
    /// The open parentheses, the innermost in the lowest bit: 1 for those of a function.
    calls: u64,
    depth: u32,
    previous: Previous,
}

/// What the first word says about double quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statement {
    Unknown,
    /// `PRAGMA` and `ATTACH`: what is in quotes is a value.
    Setting,
    /// `CREATE` and its like: parentheses hold columns.
    Definition,
    Other,
}

/// What stands before a parenthesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Previous {
    /// A word that may be a function's name.
    Name,
    /// `INTO`, after which a name is a table's.
    Into,
    /// The name of a table, which columns may follow.
    Table,
    Other,
}

impl DoubleQuotes {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            may_be_strings: matches!(dialect, Dialect::Sqlite | Dialect::MsSql),
            after_comparison: false,
            values: false,
            between: false,
            statement: Statement::Unknown,
            calls: 0,
            depth: 0,
            previous: Previous::Other,
        }
    }

    /// The token, as a literal where it may be one; `rest` is the text after it.
    pub(super) fn judge<'a>(&mut self, token: Token<'a>, rest: &str) -> Token<'a> {
        if !self.may_be_strings || token.kind == Kind::Space {
            return token;
        }
        let value = token.kind == Kind::Quoted
            && token.text.starts_with('"')
            && self.wants_value()
            && !rest.starts_with('.');
        match token.kind {
            Kind::Word => self.word(token.text),
            Kind::Punct => self.punct(token.text),
            _ => {
                self.after_comparison = false;
                self.previous = match self.previous {
                    Previous::Into | Previous::Table => Previous::Table,
                    _ => Previous::Other,
                };
            }
        }
        if value {
            Token {
                kind: Kind::Literal,
                ..token
            }
        } else {
            token
        }
    }

    fn wants_value(&self) -> bool {
        let in_call = self.statement != Statement::Definition && self.calls & 1 == 1;
        self.after_comparison || self.values || in_call || self.statement == Statement::Setting
    }

    fn word(&mut self, word: &str) {
        let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
        if self.statement == Statement::Unknown {
            self.statement = if is(&["PRAGMA", "ATTACH"]) {
                Statement::Setting
            } else if is(&["CREATE", "ALTER", "DROP"]) {
                Statement::Definition
            } else {
                Statement::Other
            };
        }
        // IS NOT "x", IS NOT DISTINCT FROM "x"
        let goes_on = self.after_comparison && is(&["NOT", "DISTINCT", "FROM"]);
        let second_bound = self.between && is(&["AND"]);
        self.after_comparison = goes_on || second_bound || is(COMPARISONS);
        self.between = is(&["BETWEEN"]) || (self.between && !second_bound);
        if is(&["IN", "VALUES"]) {
            self.values = true;
        } else if is(&[
            "SELECT",
            "WHERE",
            "FROM",
            "RETURNING",
            "ON",
            "ORDER",
            "GROUP",
        ]) {
            self.values = false;
        }
        self.previous = match self.previous {
            Previous::Into => Previous::Table,
            _ if is(&["INTO"]) => Previous::Into,
            _ if is(NO_FUNCTIONS) => Previous::Other,
            _ => Previous::Name,
        };
    }

    fn punct(&mut self, c: &str) {
        match c {
            "(" => {
                let call = self.previous == Previous::Name || self.depth >= DEPTH;
                self.calls = self.calls << 1 | u64::from(call);
                self.depth += 1;
            }
            ")" => {
                self.calls >>= 1;
                self.depth = self.depth.saturating_sub(1);
                self.after_comparison = false;
            }
            _ => self.after_comparison = matches!(c, "=" | "<" | ">" | "|"),
        }
        let names_table = c == "." && self.previous == Previous::Table;
        self.previous = if names_table {
            Previous::Into
        } else {
            Previous::Other
        };
    }
}

/// Words that a value follows.
const COMPARISONS: &[&str] = &[
    "LIKE", "GLOB", "MATCH", "REGEXP", "THEN", "ELSE", "BETWEEN", "ESCAPE", "IS",
];
/// Words before a parenthesis that does not hold the arguments of a function.
const NO_FUNCTIONS: &[&str] = &[
    "SELECT",
    "DISTINCT",
    "ALL",
    "FROM",
    "JOIN",
    "ON",
    "USING",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "BY",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "AS",
    "IN",
    "EXISTS",
    "CONFLICT",
    "SET",
    "OVER",
    "FILTER",
    "CASE",
    "WHEN",
    "RETURNING",
    "VALUES",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "RECURSIVE",
    "MATERIALIZED",
];

#[cfg(test)]
mod tests {
    use crate::statement::{Dialect, Statement};

    #[test]
    fn strings_are_masked_where_values_stand() {
        for (sql, expected) in [
            (
                r#"SELECT "a" FROM "t" WHERE "t"."b" = "secret""#,
                r#"SELECT "a" FROM "t" WHERE "t"."b" = ?"#,
            ),
            (
                r#"INSERT INTO "t" ("a") VALUES ("secret")"#,
                r#"INSERT INTO "t" ("a") VALUES (?)"#,
            ),
            (
                r#"INSERT INTO main.t ("a", "b") SELECT "a" FROM u"#,
                r#"INSERT INTO main.t ("a", "b") SELECT "a" FROM u"#,
            ),
            (
                r#"SELECT 1 WHERE x = "t"."id""#,
                r#"SELECT ? WHERE x = "t"."id""#,
            ),
            (
                r#"SELECT lower("s"), "a" FROM t WHERE x = ("s")"#,
                r#"SELECT lower(?), "a" FROM t WHERE x = (?)"#,
            ),
            (
                r#"SELECT replace(x, "s", ("s")) FROM t WHERE ("a" > 5)"#,
                r#"SELECT replace(x, ?, ("s")) FROM t WHERE ("a" > ?)"#,
            ),
            (
                r#"UPDATE t SET a = 1 WHERE a IS NOT "s" AND b IS NOT DISTINCT FROM "s""#,
                r#"UPDATE t SET a = ? WHERE a IS NOT ? AND b IS NOT DISTINCT FROM ?"#,
            ),
            (
                r#"SELECT a FROM t WHERE a BETWEEN "s" AND "s" AND "b""#,
                r#"SELECT a FROM t WHERE a BETWEEN ? AND ? AND "b""#,
            ),
            (r#"PRAGMA key("s")"#, "PRAGMA key(?)"),
            (r#"ATTACH "s" AS b KEY "s""#, "ATTACH ? AS b KEY ?"),
            (
                r#"CREATE TABLE t ("a" TEXT, PRIMARY KEY ("a"))"#,
                r#"CREATE TABLE t ("a" TEXT, PRIMARY KEY ("a"))"#,
            ),
            (
                r#"INSERT INTO t VALUES (1) ON CONFLICT ("a") DO NOTHING"#,
                r#"INSERT INTO t VALUES (?) ON CONFLICT ("a") DO NOTHING"#,
            ),
        ] {
            assert_eq!(Statement::read(sql, Dialect::Sqlite).query, expected);
        }
    }
}

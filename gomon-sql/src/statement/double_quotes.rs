//! Strings in double quotes, which SQLite accepts, and SQL Server where it is set so.

use super::lexer::{Dialect, Kind, Token};

/// Parentheses deeper than this count as those of functions.
const DEPTH: u32 = 64;

/// SQLite takes `"x"` for a string where no column is called so. A name in quotes that stands where values stand is
/// therefore treated as the value it may be: after a comparison, `LIMIT`, `DEFAULT` and the `WHEN` of a `CASE` with an operand,
/// inside `IN (`, `VALUES (`, the row after a comparison and the parentheses of a function, and in `PRAGMA` and `ATTACH`.
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
    /// In the same way: 1 for a row of values, `= ("x", "y")`.
    rows: u64,
    depth: u32,
    /// The open `CASE`s: 1 for one with an operand.
    cases: u64,
    after_case: bool,
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
            rows: 0,
            depth: 0,
            cases: 0,
            after_case: false,
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
        if std::mem::take(&mut self.after_case) && !token.text.eq_ignore_ascii_case("WHEN") {
            self.cases |= 1;
        }
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
        let operand = is(&["WHEN"]) && self.cases & 1 == 1;
        self.after_comparison = goes_on || second_bound || operand || is(COMPARISONS);
        self.between = is(&["BETWEEN"]) || (self.between && !second_bound);
        if is(&["CASE"]) {
            self.cases <<= 1;
            self.after_case = true;
        } else if is(&["END"]) {
            self.cases >>= 1;
        } else if is(&["SELECT"]) {
            self.rows &= !1;
        }
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
                self.rows = self.rows << 1 | u64::from(self.after_comparison);
                self.depth += 1;
            }
            ")" => {
                self.calls >>= 1;
                self.rows >>= 1;
                self.depth = self.depth.saturating_sub(1);
                self.after_comparison = false;
            }
            "," => self.after_comparison = self.rows & 1 == 1,
            // A sign.
            "+" | "-" | "~" => {}
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
    "LIKE", "GLOB", "MATCH", "REGEXP", "THEN", "ELSE", "BETWEEN", "ESCAPE", "IS", "DEFAULT",
    "LIMIT", "OFFSET",
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

    #[test]
    fn strings_are_masked_where_no_name_can_stand() {
        for (sql, expected) in [
            (
                r#"SELECT CASE x WHEN "s" THEN "s" ELSE "s" END FROM t"#,
                "SELECT CASE x WHEN ? THEN ? ELSE ? END FROM t",
            ),
            (
                r#"SELECT CASE (x) WHEN "s" THEN CASE WHEN "a" = "s" THEN 1 END WHEN "s" THEN 2 END"#,
                r#"SELECT CASE (x) WHEN ? THEN CASE WHEN "a" = ? THEN ? END WHEN ? THEN ? END"#,
            ),
            (
                r#"SELECT CASE WHEN "a" > 1 THEN 2 WHEN "b" THEN 3 END FROM t"#,
                r#"SELECT CASE WHEN "a" > ? THEN ? WHEN "b" THEN ? END FROM t"#,
            ),
            (
                r#"UPDATE t SET (a, b, c) = ("s", f(1), "s") WHERE "a" = "s""#,
                r#"UPDATE t SET (a, b, c) = (?, f(?), ?) WHERE "a" = ?"#,
            ),
            (
                r#"SELECT 1 WHERE (a, b) = ("s", ("s")) AND (a, b) IN (("s", "s"))"#,
                "SELECT ? WHERE (a, b) = (?, (?)) AND (a, b) IN ((?, ?))",
            ),
            (
                r#"SELECT 1 WHERE (a, b) BETWEEN ("s", "s") AND ("s", "s") AND ("a", "b") IS NOT ("s", "s")"#,
                r#"SELECT ? WHERE (a, b) BETWEEN (?, ?) AND (?, ?) AND ("a", "b") IS NOT (?, ?)"#,
            ),
            (
                r#"SELECT 1 WHERE (a, b) = (SELECT "a", "b" FROM "t") AND c = (1 + "d")"#,
                r#"SELECT ? WHERE (a, b) = (SELECT "a", "b" FROM "t") AND c = (? + "d")"#,
            ),
            (
                r#"CREATE TABLE "t" ("a" TEXT DEFAULT "s", "b" TEXT DEFAULT ("s"), "c" TEXT)"#,
                r#"CREATE TABLE "t" ("a" TEXT DEFAULT ?, "b" TEXT DEFAULT (?), "c" TEXT)"#,
            ),
            (
                r#"SELECT "a" FROM t WHERE b = +"s" LIMIT "s" OFFSET "s""#,
                r#"SELECT "a" FROM t WHERE b = +? LIMIT ? OFFSET ?"#,
            ),
            (
                r#"SELECT "id", "a" + "b" AS "c" FROM "users" WHERE "id" = ? AND "a" OR "c" < 1 ORDER BY "c" LIMIT 1"#,
                r#"SELECT "id", "a" + "b" AS "c" FROM "users" WHERE "id" = ? AND "a" OR "c" < ? ORDER BY "c" LIMIT ?"#,
            ),
        ] {
            let once = Statement::read(sql, Dialect::Sqlite).query;
            assert_eq!(once, expected);
            assert_eq!(Statement::read(&once, Dialect::Sqlite).query, expected);
        }
    }
}

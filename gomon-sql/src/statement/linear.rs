//! Reading takes as many steps as the text is long, whatever is in it: counted, for a time would say less.

use super::{Dialect, Statement, steps};

/// Bytes looked at for one text.
fn steps(sql: &str, dialect: Dialect) -> usize {
    steps::of(|| {
        let statement = Statement::of(sql, sql.len(), dialect);
        assert!(statement.query.len() <= Statement::QUERY_BYTES);
        assert!(statement.summary.len() <= 255);
    })
}

/// Twice as much of it takes twice the steps, and no more than `MOST` of them a byte.
fn is_linear(what: &str, bytes: usize, text: impl Fn(usize) -> String) {
    /// A list in parentheses is compared with the one before it at each of 64 depths.
    const MOST: usize = 128;
    for dialect in Dialect::EACH {
        let (once, twice) = (text(bytes / 2), text(bytes));
        let (few, many) = (steps(&once, dialect), steps(&twice, dialect));
        assert!(
            many <= 2 * few + few / 4 + 1000,
            "{what}, {dialect:?}: {few} steps, and {many} for twice as much"
        );
        assert!(
            many <= MOST * twice.len(),
            "{what}, {dialect:?}: {many} steps for {} bytes",
            twice.len()
        );
    }
}

#[test]
fn text_of_one_token_takes_as_many_steps_as_it_has_bytes() {
    for piece in [
        "'",
        "(",
        ")",
        "$a",
        "$",
        "$$",
        "$a$",
        "/*",
        "*/",
        "\"",
        "`",
        "[",
        "]",
        "[]",
        "['",
        "-- \n",
        "--",
        "--x\n",
        "#",
        "#x\n",
        "/*!",
        "/*!*/",
        "\\",
        "'\\",
        "\r",
        "1.",
        "1e",
        "a,",
        "((?,",
        "IN (",
        "IN (1),",
        "VALUES (1),",
        "VALUES ((",
        "?",
        "a.",
        "WITH a AS (",
        "SELECT a FROM b,",
        "FROM a JOIN ",
        "'' ",
        "x''",
        "U&'",
        "é",
        ";",
        "@a",
        "[a]",
    ] {
        is_linear(piece, 40_000, |bytes| piece.repeat(bytes / piece.len()));
    }
}

#[test]
fn a_megabyte_takes_as_many_steps_as_it_has_bytes() {
    for piece in ["(", "/*", "$$", "[", "'"] {
        is_linear(piece, 1_000_000, |bytes| piece.repeat(bytes / piece.len()));
    }
}

#[test]
fn what_is_a_hundred_thousand_deep_takes_as_many_steps_as_it_has_bytes() {
    for (open, inside, close) in [
        ("(", "1", ")"),
        ("IN (", "1", ")"),
        ("(SELECT a FROM (", "b", "))"),
        ("/*", "'", "*/"),
        ("[", "'a'", "]"),
        ("[", "a", "]]"),
        ("f(", "\"a\"", ")"),
        ("VALUES (", "1", "),"),
        ("$a$ $b$", "1", "$b$ $a$"),
    ] {
        is_linear(open, 100_000, |depth| {
            format!(
                "SELECT {}{inside}{}",
                open.repeat(depth),
                close.repeat(depth)
            )
        });
    }
}

#[test]
fn long_names_and_literals_are_read_once() {
    for (before, piece, after) in [
        ("SELECT a FROM ", "t", ""),
        ("WITH ", "t", " AS (SELECT 1) SELECT a FROM u, v, w"),
        ("SELECT '", "x", "'"),
        ("SELECT \"", "x", "\""),
        ("SELECT $", "x", "$ $y"),
        ("SELECT ", "1", ""),
        ("INSERT INTO t VALUES (", "?, ", "1)"),
        ("SELECT 1 WHERE a IN (", "(1, 2), ", "3)"),
    ] {
        is_linear(before, 100_000, |bytes| {
            format!("{before}{}{after}", piece.repeat(bytes / piece.len()))
        });
    }
}

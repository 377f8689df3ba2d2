use super::{Dialect, Kind, Lexer};
use crate::statement::Statement;

fn kinds(sql: &str, dialect: Dialect) -> Vec<(Kind, &str)> {
    Lexer::new(sql, dialect)
        .filter(|t| t.kind != Kind::Space)
        .map(|t| (t.kind, t.text))
        .collect()
}

#[test]
fn strings_follow_the_engine() {
    use Dialect::{MySql, Postgres, Sqlite};
    // Where the server's setting decides, everything to the end is a literal.
    for dialect in [Postgres, MySql, Sqlite] {
        assert_eq!(kinds(r"'a\' b'", dialect), [(Kind::Literal, r"'a\' b'")]);
        assert_eq!(
            kinds(r"'a\\' b", dialect),
            [(Kind::Literal, r"'a\\'"), (Kind::Word, "b")]
        );
    }
    for dialect in [Postgres, Sqlite] {
        assert_eq!(
            kinds(r"ESCAPE '\' b", dialect).last(),
            Some(&(Kind::Word, "b"))
        );
    }
    let whole = r"'\'hunter2 '";
    assert_eq!(kinds(whole, Postgres), [(Kind::Literal, whole)]);
    assert_eq!(kinds(whole, MySql), [(Kind::Literal, whole)]);
    assert_eq!(kinds(r"E'a\' b'", Postgres), [(Kind::Literal, r"E'a\' b'")]);
    assert_eq!(kinds("'it''s'", Sqlite), [(Kind::Literal, "'it''s'")]);
    assert_eq!(kinds(r#""a b""#, MySql), [(Kind::Literal, r#""a b""#)]);
    assert_eq!(
        kinds(r#""a ""b" U&"x""#, Postgres),
        [(Kind::Quoted, r#""a ""b""#), (Kind::Quoted, r#"U&"x""#)]
    );
    assert_eq!(
        kinds("X'ff' U&'d'", Postgres),
        [(Kind::Literal, "X'ff'"), (Kind::Literal, "U&'d'")]
    );
}

#[test]
fn dollar_quotes_are_literals_of_postgresql_only() {
    assert_eq!(
        kinds("$a$ $$ $a$", Dialect::Postgres),
        [(Kind::Literal, "$a$ $$ $a$")]
    );
    assert_eq!(
        kinds("$1 $$x", Dialect::Postgres),
        [(Kind::Param, "$1"), (Kind::Literal, "$$x")]
    );
    assert_eq!(kinds("$name", Dialect::Sqlite), [(Kind::Param, "$name")]);
    assert_eq!(
        kinds("foo$bar", Dialect::Postgres),
        [(Kind::Word, "foo$bar")]
    );
}

#[test]
fn comments_are_space() {
    assert_eq!(
        kinds("a -- 's'\n b", Dialect::Postgres),
        [(Kind::Word, "a"), (Kind::Word, "b")]
    );
    assert_eq!(
        kinds("a /* /* */ ' */ b", Dialect::Postgres),
        [(Kind::Word, "a"), (Kind::Word, "b")]
    );
    assert_eq!(
        kinds("a /* /* */ b", Dialect::Sqlite),
        [(Kind::Word, "a"), (Kind::Word, "b")]
    );
    // The end of a line is one for PostgreSQL alone.
    let return_ends = "a -- b \r c \n d";
    assert_eq!(kinds(return_ends, Dialect::Postgres).len(), 3);
    assert_eq!(kinds(return_ends, Dialect::Sqlite).len(), 2);
    assert_eq!(kinds("a # 's'", Dialect::MySql), [(Kind::Word, "a")]);
    assert_eq!(kinds("2--1", Dialect::MySql).len(), 4);
    assert_eq!(kinds("a /* open", Dialect::Sqlite), [(Kind::Word, "a")]);
}

#[test]
fn text_for_sql_server_is_read_by_its_rules() {
    let kinds = |sql| kinds(sql, Dialect::MsSql);
    for name in ["[a]]b's]", "\"a\"\"b\""] {
        assert_eq!(kinds(name), [(Kind::Quoted, name)]);
    }
    for word in ["#temp", "##temp", "$action", "a$b@c"] {
        assert_eq!(kinds(word).first().map(|token| token.0), Some(Kind::Word));
    }
    for param in ["@p1", "@@rowcount"] {
        assert_eq!(kinds(param), [(Kind::Param, param)]);
    }
    for literal in ["N'it''s'", "'a\\'", "$1.50", "£5", "€1.50", "0xff"] {
        assert_eq!(kinds(literal), [(Kind::Literal, literal)]);
    }
    assert_eq!(
        kinds("a /* /* */ ' */ b -- c"),
        [(Kind::Word, "a"), (Kind::Word, "b")]
    );
    let masked = Statement::read("SELECT [a b] FROM #t WHERE c = \"d\"", Dialect::MsSql);
    assert_eq!(masked.query, "SELECT [a b] FROM #t WHERE c = ?");
    assert_eq!(masked.summary, "SELECT #t");
}

#[test]
fn comments_that_mysql_runs_hide_nothing() {
    for sql in [
        "/*!50000 '*/ hunter2' */",
        "/*M!100 \"*/ hunter2\" */",
        "/*! it's */ 'hunter2'",
    ] {
        let masked = Statement::read(sql, Dialect::MySql).query;
        assert!(!masked.contains("hunter2"), "{sql}: {masked}");
    }
    let hint = Statement::read("SELECT /*!40001 SQL_NO_CACHE */ a", Dialect::MySql);
    assert_eq!(hint.query, "SELECT a");
}

#[test]
fn numbers_are_whole() {
    for n in ["1", "0xFFee", "1.5e-10", ".5", "1_000", "12abc", "1e5"] {
        assert_eq!(kinds(n, Dialect::Postgres), [(Kind::Literal, n)], "{n}");
    }
    assert_eq!(kinds("t1.c2", Dialect::Postgres).len(), 3);
    assert_eq!(
        kinds("1..2", Dialect::Postgres).first(),
        Some(&(Kind::Literal, "1"))
    );
}

#[test]
fn any_text_comes_back_whole() {
    for sql in [
        "",
        "'",
        "\\",
        "'\\",
        "é'ü\\ü",
        "$",
        "$é$",
        "[",
        "`",
        "\"",
        "E'",
        "U&'",
        "/*",
        "/*/",
        "--",
        "\0",
        "罿'罿",
    ] {
        for dialect in Dialect::EACH {
            let whole: String = Lexer::new(sql, dialect).map(|t| t.text).collect();
            assert_eq!(whole, sql);
        }
    }
}

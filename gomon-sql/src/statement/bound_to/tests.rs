use crate::statement::{Dialect, Statement};

/// For each value whether it is hidden, `*`, or shown, `-`.
fn hidden(sql: &str, dialect: Dialect) -> String {
    let statement = Statement::read(sql, dialect);
    let is_secret = |name: &str| {
        let name = name.to_lowercase();
        name.contains("password") || ["token", "secret", "pin", "key"].contains(&&*name)
    };
    let hidden = statement.bound_to.hidden(is_secret);
    let places = hidden.places.iter();
    places
        .map(|hidden| if *hidden { '*' } else { '-' })
        .collect()
}

fn check(cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            if !(dialect == Dialect::Postgres && sql.contains([':', '@', '`'])) {
                assert_eq!(hidden(sql, dialect), *expected, "{dialect:?}: {sql}");
            }
        }
    }
}

#[test]
fn a_value_belongs_to_the_column_that_it_is_for() {
    check(&[
        ("SELECT a FROM t WHERE id = ? AND token = ?", "-*"),
        ("SELECT a FROM t WHERE token = ? AND id = ?", "*-"),
        ("SELECT a FROM t WHERE token = $2 OR id = $1", "-*"),
        ("SELECT a FROM t WHERE id = $1 OR token = $1", "*"),
        ("SELECT a FROM t WHERE \"Token\" IN (?, ?) LIMIT ?", "**-"),
        (
            "SELECT a FROM t WHERE token BETWEEN ? AND ? AND id <> ?",
            "**-",
        ),
        (
            "SELECT a FROM t WHERE token IS DISTINCT FROM ? AND id = ?",
            "*-",
        ),
        ("UPDATE u SET password = ?, name = ? WHERE id = ?", "*--"),
        ("SELECT a FROM t WHERE u.secret LIKE ?", "*"),
        ("SELECT a FROM t WHERE secret.u LIKE ?", "-"),
        ("SELECT :password, @pin, :name", "**-"),
        ("SELECT a FROM t WHERE a = :x OR b = :x OR pin = :y", "-*"),
        ("SELECT a FROM token WHERE a = ?", "-"),
        (
            "SELECT a FROM t WHERE (token = ? AND a = ?) OR b = ?",
            "*--",
        ),
        ("SELECT ?, password FROM t", "-"),
        ("SELECT a FROM t; SELECT token FROM t WHERE a = ?", "-"),
        (
            "UPDATE u JOIN t ON t.id = ? SET u.password = ?, u.a = ?",
            "-*-",
        ),
        (
            "SELECT a FROM u WHERE (b = ? OR c = ?) AND password = encode(f(? || salt, 'x'), 'y') AND d = ?",
            "--*-",
        ),
        (
            "SELECT a FROM t WHERE ((token = ?) AND NOT (a = ?)) OR (b = ?)",
            "*--",
        ),
    ]);
}

#[test]
fn a_function_round_a_value_does_not_hide_its_column() {
    check(&[
        (
            "UPDATE u SET password = crypt($1, gen_salt('bf')), a = f($2)",
            "*-",
        ),
        ("UPDATE u SET password = SHA2(?, 256), a = ?", "*-"),
        ("UPDATE u SET a = lower(?), password = UPPER(TRIM(?))", "-*"),
        ("UPDATE u SET password = CAST(? AS text), a = ?", "*-"),
        ("UPDATE u SET password = COALESCE(?, password)", "*"),
        ("UPDATE u SET a = COALESCE(?, password)", "*"),
        ("UPDATE u SET password = 'x' || (? || a) WHERE b = ?", "*-"),
        ("SELECT a FROM t WHERE password = crypt(?, password)", "*"),
        ("SELECT a FROM t WHERE lower(password) = lower(?)", "*"),
        (
            "SELECT a FROM t WHERE (b, password) = (?, ?) AND c = ?",
            "**-",
        ),
        ("UPDATE u SET (a, password) = (?, ?) WHERE b = ?", "**-"),
        ("SELECT a FROM t WHERE password = substring(? FROM 1)", "*"),
        ("SELECT a FROM t WHERE password = ANY(?) AND a = ?", "*-"),
        ("UPDATE u SET hash = PASSWORD(?)", "*"),
        ("UPDATE u SET password = f(offset, ?) WHERE a = ?", "*-"),
        ("UPDATE u SET a = jsonb_set(a, '{password}', ?)", "*"),
        ("SELECT a FROM t WHERE b->>'password' = ? AND c = ?", "*-"),
    ]);
}

#[test]
fn the_name_may_follow_the_value() {
    check(&[
        ("SELECT a FROM t WHERE ? = password AND ? = id", "*-"),
        ("SELECT ? AS password, ? AS name", "*-"),
        (
            "UPDATE u SET p = v.p FROM (VALUES (?, ?)) AS v(id, password) WHERE u.id = ?",
            "**-",
        ),
        (
            "SELECT 1 WHERE (SELECT password FROM u WHERE id = ?) = ?",
            "-*",
        ),
    ]);
}

#[test]
fn each_branch_of_a_case_is_for_the_column() {
    check(&[
        (
            "UPDATE u SET password = CASE id WHEN ? THEN ? ELSE ? END, a = ? WHERE id IN (?)",
            "***--",
        ),
        (
            "UPDATE u SET a = CASE WHEN id = ? THEN ? END, pin = ?",
            "--*",
        ),
        (
            "UPDATE u SET a = CASE WHEN pin = ? THEN ? END, b = ?",
            "*--",
        ),
        (
            "SELECT CASE token WHEN ? THEN 1 END FROM t WHERE a = ?",
            "*-",
        ),
    ]);
}

#[test]
fn a_subselect_is_over_where_it_ends() {
    check(&[
        (
            "INSERT INTO u (name, role, password) VALUES (?, (SELECT id FROM r WHERE code = ?), ?), (?, (SELECT 1), ?)",
            "--*-*",
        ),
        (
            "INSERT INTO u (password, a) VALUES ((SELECT crypt(?, s) FROM r WHERE code = ? LIMIT ?), ?)",
            "*---",
        ),
        (
            "UPDATE u SET password = (SELECT ? FROM r WHERE code = ?), a = ?",
            "*--",
        ),
        (
            "UPDATE u SET a = (SELECT b FROM r WHERE token = ?), password = ?, c = ?",
            "**-",
        ),
        (
            "SELECT a FROM t WHERE token IN (SELECT b FROM r WHERE c = ?) AND d = ?",
            "--",
        ),
        (
            "WITH token AS (SELECT a FROM t WHERE b = ?) UPDATE u SET pin = ?, c = ?",
            "-*-",
        ),
        (
            "WITH token AS (SELECT f(?)) SELECT a FROM token WHERE b = ?",
            "--",
        ),
        (
            "WITH x AS (UPDATE u SET password = ?, a = ? WHERE b = ? RETURNING a) SELECT a FROM x WHERE c = ?",
            "*---",
        ),
        (
            "WITH x AS (INSERT INTO u (a, password) VALUES (?, ?) RETURNING a) SELECT a FROM x WHERE b = ?",
            "-*-",
        ),
        (
            "WITH x (a, password) AS (VALUES (?, ?)) SELECT a FROM x WHERE b = ?",
            "**-",
        ),
    ]);
}

#[test]
fn the_values_of_an_insert_are_for_its_columns() {
    check(&[
        (
            "INSERT INTO u (name, password) VALUES (?, ?), (?, ?)",
            "-*-*",
        ),
        (
            "INSERT INTO u (name, password) VALUES (lower($1), $2) ON CONFLICT (name) DO UPDATE SET pin = $3, a = $4",
            "-**-",
        ),
        ("INSERT INTO token VALUES (?, ?)", "--"),
        (
            "INSERT INTO t (a, password) VALUES (?, COALESCE((SELECT p FROM q WHERE r IN (?, ?) ORDER BY s, u), ?)), (?, ?)",
            "---*-*",
        ),
        (
            "INSERT INTO t (a, password) SELECT (?), (SELECT g(?, ?)) FROM u WHERE b = ?",
            "-**-",
        ),
        ("INSERT INTO t(a,limit,password)VALUES(?,?,?)", "--*"),
        ("INSERT INTO token (a, b) (SELECT ?, ?)", "--"),
        (
            "SELECT insert AS b, password IN (?) FROM t WHERE insert IS NULL AND password IN (?)",
            "**",
        ),
        (
            "INSERT INTO main.u AS v (u.a, u.password) VALUES (?, ?)",
            "-*",
        ),
        ("INSERT INTO u (a, password) VALUE (?, ?)", "-*"),
        (
            "INSERT INTO u (a, password) VALUES ROW(?, ?), ROW(?, ?)",
            "-*-*",
        ),
        (
            "INSERT INTO u (a, password, b) VALUES (f(?, ?), g(?, 1), ?)",
            "--*-",
        ),
        (
            "INSERT INTO u (a, password, b) OVERRIDING SYSTEM VALUE VALUES (1, ?, ?)",
            "*-",
        ),
        (
            "INSERT INTO u PARTITION (p0) (a, password) VALUES (?, ?)",
            "-*",
        ),
        ("INSERT INTO u SET a = ?, password = ?", "-*"),
        (
            "INSERT INTO u (a, password) VALUES (?, ?) ON DUPLICATE KEY UPDATE password = VALUES(password), pin = ?, a = ?",
            "-**-",
        ),
        (
            "INSERT INTO u (a, password) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM u WHERE a = ?)",
            "-*-",
        ),
        (
            "INSERT INTO u (a, password) (SELECT ?, ?) UNION ALL (SELECT ?, ?)",
            "-*-*",
        ),
        (
            "INSERT INTO u (a, password) SELECT ?, ? UNION ALL VALUES (?, ?)",
            "-*-*",
        ),
        (
            "INSERT INTO u (a, password) WITH x (b, c) AS (SELECT 1, ?) SELECT ?, ? FROM x WHERE b = ?",
            "--*-",
        ),
        (
            "INSERT INTO u (a, password) SELECT * FROM unnest($1, $2)",
            "**",
        ),
        (
            "INSERT INTO u (SELECT a FROM t WHERE pin = ? AND b = ?)",
            "*-",
        ),
        (
            "MERGE INTO u USING v ON u.a = ? WHEN NOT MATCHED THEN INSERT (a, password) VALUES (?, ?)",
            "--*",
        ),
        ("REPLACE INTO u (a, password) VALUES (?, ?)", "-*"),
        ("INSERT OR REPLACE INTO u (a, password) VALUES (?, ?)", "-*"),
        ("REPLACE u (a, password) VALUES (?, ?)", "-*"),
        (
            "INSERT INTO u (a, password) VALUES (?, ?) AS n ON DUPLICATE KEY UPDATE a = ?, password = ?",
            "-*-*",
        ),
        (
            "INSERT INTO u (a, password, b) VALUES (CASE WHEN ? = 1 THEN ? ELSE ? END, ?, ?)",
            "---*-",
        ),
        ("INSERT INTO u (password) VALUES (?); SELECT ?", "*-"),
    ]);
}

#[test]
fn a_function_called_as_a_statement_begins_none() {
    check(&[
        (
            "INSERT INTO t (a, password, b) VALUES (REPLACE(?, '-', ''), ?, ?)",
            "-*-",
        ),
        (
            "INSERT INTO t (a, password) VALUES (INSERT(?, 1, 2, 'x'), REPLACE(?, 'a', ?)), (?, ?)",
            "-**-*",
        ),
        ("UPDATE t SET password = REPLACE(?, 'a', 'b'), c = ?", "*-"),
        (
            "SELECT a FROM t WHERE replace (a, ?, ?) = ? AND pin = ?",
            "---*",
        ),
    ]);
}

#[test]
fn a_column_may_be_called_as_a_keyword() {
    for word in [
        "offset",
        "limit",
        "values",
        "value",
        "set",
        "name",
        "replace",
        "insert",
        "update",
        "on",
        "union",
        "from",
        "order",
        "case",
        "end",
        "and",
        "between",
        "as",
        "in",
        "row",
        "with",
        "then",
        "returning",
        "partition",
        "\"select\"",
        "`from`",
        "[set]",
    ] {
        for (sql, expected) in [
            (
                format!("INSERT INTO t ({word}, password, note) VALUES (?, ?, ?)"),
                "-*-",
            ),
            (
                format!("INSERT INTO t (a, {word}, password, note) VALUES (1, ?, ?, ?)"),
                "-*-",
            ),
            (
                format!("INSERT INTO t (password, note, {word}) SELECT ?, ?, ?"),
                "*--",
            ),
        ] {
            assert_eq!(hidden(&sql, Dialect::Sqlite), expected, "{sql}");
        }
    }
    check(&[
        ("INSERT INTO t (key, note) VALUES (?, ?)", "*-"),
        ("UPDATE t SET offset = ?, password = ?, value = ?", "-*-"),
        ("UPDATE t SET key = ?, note = ? WHERE offset = ?", "*--"),
    ]);
}

#[test]
fn names_in_quotes_are_names_whatever_else_they_may_be() {
    for dialect in Dialect::EACH {
        let sql = "UPDATE t SET \"password\" = ?, \"a\" = ? WHERE lower(\"pin\") = ?";
        assert_eq!(hidden(sql, dialect), "*-*", "{dialect:?}");
    }
}

#[test]
fn where_there_is_too_much_of_it_values_are_hidden() {
    let many = "a = f(?) AND ".repeat(40_000);
    let sql = format!("SELECT 1 WHERE {many} pin = ?");
    let statement = Statement::read(&sql, Dialect::Sqlite);
    let hidden = statement.bound_to.hidden(|name| name == "pin");
    assert!(hidden.beyond);
    let rows = "(?, ?),".repeat(20_000);
    let sql = format!("INSERT INTO t (a, pin) VALUES {rows} (?, ?)");
    let found = self::hidden(&sql, Dialect::Sqlite);
    assert_eq!(found, "-*".repeat(20_001));
    let deep = format!(
        "UPDATE t SET pin = {}?{}, a = ?",
        "f(".repeat(900),
        ")".repeat(900)
    );
    assert_eq!(self::hidden(&deep, Dialect::Postgres), "*-");
}

#[test]
fn what_is_in_an_array_is_one_value() {
    let sql = "INSERT INTO t (a, password, b) VALUES (ARRAY[$1, $2], $3, $4)";
    assert_eq!(hidden(sql, Dialect::Postgres), "--*-");
    let sql = "INSERT INTO t (a[1], password, b) VALUES ($1, $2, $3)";
    assert_eq!(hidden(sql, Dialect::Postgres), "-*-");
}

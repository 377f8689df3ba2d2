use crate::statement::{Dialect, Statement};

fn summary(sql: &str) -> String {
    Statement::read(sql, Dialect::Sqlite).summary
}

#[test]
fn operations_and_targets_in_order() {
    let cases = [
        ("SELECT * FROM users WHERE id = 1", "SELECT users"),
        ("select a from songs, artists", "SELECT songs artists"),
        (
            "SELECT a FROM t JOIN u ON t.id = u.id LEFT JOIN s.\"v\" USING (id)",
            "SELECT t u s.v",
        ),
        ("INSERT INTO orders (a) VALUES (1)", "INSERT orders"),
        ("INSERT OR REPLACE INTO orders VALUES (1)", "INSERT orders"),
        ("INSERT orders VALUES (1)", "INSERT orders"),
        ("INSERT IGNORE orders SET a = 1", "INSERT orders"),
        ("REPLACE orders PARTITION (p) VALUES (1)", "REPLACE orders"),
        ("INSERT INTO orders AS o DEFAULT VALUES", "INSERT orders"),
        ("INSERT INTO orders o VALUES (1)", "INSERT orders"),
        ("INSERT hunter2 please", "INSERT"),
        (
            "INSERT INTO shipping SELECT * FROM orders",
            "INSERT shipping SELECT orders",
        ),
        (
            "UPDATE t SET a = 1 WHERE b IN (SELECT b FROM u)",
            "UPDATE t SELECT u",
        ),
        ("DELETE FROM t", "DELETE t"),
        ("WITH x AS (SELECT a FROM t) SELECT * FROM x", "SELECT t"),
        (
            "WITH x AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT a FROM x",
            "DELETE t INSERT u",
        ),
        ("SELECT EXTRACT(YEAR FROM ts) FROM t", "SELECT t"),
        ("SELECT a FROM t WHERE a IS DISTINCT FROM b", "SELECT t"),
        ("SELECT * FROM generate_series(1, 2)", "SELECT"),
        (
            "SELECT (SELECT max(a) FROM u) FROM t, v",
            "SELECT t v SELECT u",
        ),
        ("SELECT 1", "SELECT"),
        ("SELECT a FROM t FOR UPDATE", "SELECT t"),
        (
            "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
            "INSERT t",
        ),
        (
            "CREATE TABLE IF NOT EXISTS carts (id INTEGER)",
            "CREATE TABLE carts",
        ),
        ("CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX i"),
        ("ALTER TABLE t ADD COLUMN a INT", "ALTER TABLE t"),
        ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys"),
        ("BEGIN IMMEDIATE", "BEGIN"),
        ("EXPLAIN SELECT a FROM t", "SELECT t"),
        (
            "INSERT INTO a VALUES (1); DELETE FROM b",
            "INSERT a DELETE b",
        ),
        ("secretword", ""),
        ("", ""),
    ];
    for (sql, expected) in cases {
        assert_eq!(summary(sql), expected, "{sql}");
    }
}

#[test]
fn writes_are_told_from_reads() {
    let writes = |sql| Statement::read(sql, Dialect::Postgres).writes;
    assert!(writes(
        "WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM x"
    ));
    assert!(writes("delete from t"));
    assert!(!writes("SELECT a FROM t FOR UPDATE"));
    assert!(!writes("SELECT replace(a, 'b', 'c') FROM t"));
}

#[test]
fn a_summary_has_a_limit() {
    let sql = format!(
        "SELECT a FROM {}",
        (0..1000)
            .map(|i| format!("t{i}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    assert!(summary(&sql).len() <= 255);
}

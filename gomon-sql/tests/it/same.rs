//! One suite over three engines: their events are the same, but for what the table in docs/sql.md says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gomon_core::Capture;
use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::{MonitoredPool, PoolExt, SqlConfig};
use serde_json::Value;
use sqlx::{Executor, MySql, Postgres, Sqlite};

use crate::engines::{Engine, Fixture, on};

/// What is run, in this order, on the table `items`.
const STATEMENTS: [(&str, Run); 14] = [
    (
        "an insert of two rows",
        Run::Execute("INSERT INTO items VALUES (1, 'a'), (2, 'b')"),
    ),
    (
        "a query",
        Run::Fetch("SELECT id, name FROM items ORDER BY id"),
    ),
    ("a query by `execute`", Run::Execute("SELECT id FROM items")),
    (
        "a query that finds nothing",
        Run::Fetch("SELECT id FROM items WHERE id = 99"),
    ),
    (
        "a value of each kind",
        Run::Fetch("SELECT 1 AS a, 1.5 AS b, 'x' AS c, NULL AS d, 1 = 1 AS e"),
    ),
    (
        "an update of no row",
        Run::Execute("UPDATE items SET name = 'x' WHERE id = 99"),
    ),
    (
        "an update to what was there",
        Run::Execute("UPDATE items SET name = 'a' WHERE id = 1"),
    ),
    (
        "an insert of what is there",
        Run::Execute("INSERT INTO items VALUES (1, 'hunter2')"),
    ),
    (
        "a table that is not there",
        Run::Fetch("SELECT id FROM nowhere"),
    ),
    ("a text that is no SQL", Run::Fetch("SELEC 1")),
    ("a division by zero", Run::Fetch("SELECT 1 / 0")),
    (
        "two statements in one text",
        Run::Fetch("SELECT 1; SELECT 2"),
    ),
    (
        "a table that is made",
        Run::Execute("CREATE TABLE more (id INTEGER)"),
    ),
    ("a delete", Run::Execute("DELETE FROM items WHERE id = 2")),
];

#[derive(Clone, Copy)]
enum Run {
    Execute(&'static str),
    Fetch(&'static str),
}

const TRANSACTIONS: [(&str, End); 5] = [
    ("a commit", End::Commit),
    ("a commit after a statement failed", End::CommitAfterFailure),
    ("a rollback", End::Rollback),
    ("a transaction that is dropped", End::Drop),
    ("a savepoint that is rolled back", End::Savepoint),
];

#[derive(Clone, Copy)]
enum End {
    Commit,
    CommitAfterFailure,
    Rollback,
    Drop,
    Savepoint,
}

/// What of each event is compared; times and ids differ anyway.
const COMPARED: [&str; 15] = [
    "gomon:outcome",
    "summary",
    "prepared",
    "params-count",
    "rows-returned",
    "rows-aff",
    "last-id",
    "code",
    "constraint",
    "columns",
    "rows",
    "statements",
    "aborted",
    "implicit",
    "uncommitted",
];

/// For each scenario, event and key what it was.
type Seen = BTreeMap<(usize, String), String>;

#[tokio::test]
async fn the_engines_differ_in_what_the_page_says_and_in_nothing_else() {
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        seen.insert("postgresql", run(fixture).await);
    })
    .await;
    on::<MySql, _>(async |fixture: &Fixture<MySql>| {
        seen.insert("mysql", run(fixture).await);
    })
    .await;
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        seen.insert("sqlite", run(fixture).await);
    })
    .await;
    if seen.len() == 3 {
        compare_with_page(&table(&seen));
    }
}

fn names() -> Vec<&'static str> {
    let statements = STATEMENTS.iter().map(|(name, _)| *name);
    statements
        .chain(TRANSACTIONS.iter().map(|(name, _)| *name))
        .collect()
}

async fn run<DB: Engine>(fixture: &Fixture<DB>) -> Seen {
    let config = SqlConfig::new().capture(Capture::safe().with_rows(10));
    let pool = fixture.pool.clone().monitored_with(config);
    let mut seen = Seen::new();
    for (index, (_, run)) in STATEMENTS.iter().enumerate() {
        let recorder = Recorder::new();
        let ran = async {
            match run {
                Run::Execute(sql) => _ = pool.execute(*sql).await,
                Run::Fetch(sql) => _ = pool.fetch_all(*sql).await,
            }
        };
        recorder.scope(ran).await;
        note(&mut seen, index, &recorder);
    }
    for (index, (_, end)) in TRANSACTIONS.iter().enumerate() {
        let recorder = Recorder::new();
        recorder.scope(transaction(&pool, *end)).await;
        note(&mut seen, STATEMENTS.len() + index, &recorder);
    }
    seen
}

async fn transaction<DB: Engine>(pool: &MonitoredPool<DB>, end: End) {
    let write = "UPDATE items SET name = 'y' WHERE id = 1";
    let mut tx = pool.begin().await.unwrap();
    tx.execute(write).await.unwrap();
    match end {
        End::Commit => tx.commit().await.unwrap(),
        End::CommitAfterFailure => {
            assert!(tx.execute("SELECT id FROM nowhere").await.is_err());
            tx.commit().await.unwrap();
        }
        End::Rollback => tx.rollback().await.unwrap(),
        End::Drop => drop(tx),
        End::Savepoint => {
            let mut inner = tx.begin().await.unwrap();
            inner.execute(write).await.unwrap();
            inner.rollback().await.unwrap();
            tx.commit().await.unwrap();
        }
    }
}

fn note(seen: &mut Seen, scenario: usize, recorder: &Recorder) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut events = recorder.events();
    events.sort_by_key(Recorded::start);
    for event in &events {
        let count = counts.entry(event.fp().to_owned()).or_default();
        *count += 1;
        let name = match count {
            1 => event.fp().to_owned(),
            _ => format!("{} {count}", event.fp()),
        };
        assert!(!event.to_string().contains("hunter2"), "{event}");
        for key in COMPARED {
            if let Some(value) = event.get(key) {
                let key = key.trim_start_matches("gomon:");
                seen.insert((scenario, format!("`{name}` {key}")), shown(value));
            }
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('|', "\\|"),
        value => value.to_string(),
    }
}

fn table(seen: &BTreeMap<&str, Seen>) -> String {
    let engines = ["postgresql", "mysql", "sqlite"];
    let keys: BTreeSet<_> = seen.values().flat_map(BTreeMap::keys).collect();
    let names = names();
    let mut table = String::from("| | | postgresql | mysql | sqlite |\n|---|---|---|---|---|\n");
    let mut last = "";
    for key in keys {
        let of = |engine| seen[engine].get(key).map_or("", String::as_str);
        let values = engines.map(of);
        if values.iter().all(|value| *value == values[0]) {
            continue;
        }
        let scenario = names[key.0];
        let first = if scenario == last { "" } else { scenario };
        last = scenario;
        table.push_str(&format!(
            "| {first} | {} | {} |\n",
            key.1,
            values.join(" | ")
        ));
    }
    table
}

fn compare_with_page(table: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sql.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (there, after) = rest.split_once(END).expect("the table ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        there, table,
        "run it with UPDATE_DOCS=1, and look at what has changed"
    );
}

const BEGIN: &str = "<!-- engines: made by gomon-sql/tests/it/same.rs -->\n";
const END: &str = "<!-- end of engines -->";

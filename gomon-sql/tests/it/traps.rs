//! What a wrapper round sqlx gets wrong easily, and where each of it is tested.
//!
//! | trap | tests |
//! |---|---|
//! | `conn.begin()` becomes that of `Acquire`, and the transaction is sqlx's | `transactions::a_transaction_on_a_lease_is_its_child` |
//! | generic code takes the raw connection by its signature | here |
//! | `&mut *conn` has to be an executor, and to turn into sqlx's connection | `compiles::everything_that_takes_a_pool_takes_a_monitored_one` |
//! | a feature of sqlx adds a method to a trait | `check_features` in `scripts/lib/checks.sh`: each feature alone, without those of the tests |
//! | engines count affected rows for a query | here, `endings::a_stream_read_to_its_end_is_completed` |
//! | a row's own `Debug` shows other values | `rows::sqlite_values_are_shown`, and those of the other engines |
//! | a commit that was a rollback says that it went well | `transactions::a_commit_after_a_failure_tells_its_fate`, and its savepoints |
//! | errors quote a row, and a line of the server's source | here, `statements::errors_do_not_carry_values` |
//! | `fetch_one` of nothing is an error of the program's alone | `endings::no_row_is_no_error_of_the_statement` |
//! | a spawned task has no context | `pool::on_a_task_without_a_context_an_event_is_an_orphan` |
//! | what is never polled was never sent | `endings::what_is_never_polled_was_never_sent` |
//! | a stream lasts as long as who reads it | here |
//! | values and rows are personal data | `rows::no_rows_are_taken_by_default`, `any_driver::statements_are_told_with_what_they_return` |
//! | two versions of sqlx in one program | `sqlx-tests/two`, by `scripts/sqlx-tests` |
//! | sqlx's drivers after ours | here, `any_driver::drivers_are_registered_once` |
//! | a method of the pool that is not shadowed is the raw pool's | here |

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use gomon_sql::{MonitoredPool, monitor_conn};
use sqlx::{Acquire, Executor, Sqlite};

use crate::any_driver::install;
use crate::engines::{Engine, Fixture, on, on_each_engine};

on_each_engine! {
    a_query_that_is_executed_affects_no_rows => executed_query;
    an_error_tells_neither_the_row_nor_a_line_of_the_server => bare_error;
}

async fn executed_query<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut connection = pool.acquire().await.unwrap();
            let insert = "INSERT INTO items VALUES (1, 'a'), (2, 'b')";
            (&mut *connection).execute(insert).await.unwrap();
            let select = "SELECT id FROM items WHERE id = 1";
            (&mut *connection).execute(select).await.unwrap();
        })
        .await;

    let statements = recorder.find("sql-wstmt-execctx");
    let affected: Vec<_> = statements.iter().map(|it| it.get("rows-aff")).collect();
    assert_eq!(affected, [Some(&2.into()), None]);
}

async fn bare_error<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    let insert = "INSERT INTO items VALUES (4711, 'a')";
    recorder.scope(pool.execute(insert)).await.unwrap();
    let error = recorder.scope(pool.execute(insert)).await.err().unwrap();

    let statements = recorder.find("sql-wstmt-execctx");
    let told = statements[1]["error"].to_string();
    assert!(!told.contains("at line"), "{told}");
    if DB::SYSTEM == "postgresql" {
        let raw = format!("{error:?} {error}");
        assert!(raw.contains("Key (id)=(4711)"), "the control: {raw}");
        assert!(!told.contains("Key ("), "{told}");
    }
}

/// Until it says `monitor_conn`, which the module of compiling code does.
#[tokio::test]
async fn statements_of_generic_code_are_unseen_and_its_lease_is_not() {
    async fn generic<'a, A: Acquire<'a, Database = Sqlite>>(source: A) {
        let mut connection = source.acquire().await.unwrap();
        connection.execute("SELECT 1").await.unwrap();
        monitor_conn::<Sqlite>(&mut connection)
            .execute("DELETE FROM items")
            .await
            .unwrap();
    }
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let recorder = Recorder::new();
        recorder.scope(generic(&fixture.monitored())).await;
        let seen = recorder.one("sql-wstmt-execctx");
        assert_eq!(seen["summary"], "DELETE items");
        assert_eq!(recorder.one("sql-wlease").outcome(), "completed");
    })
    .await;
}

#[tokio::test]
async fn the_first_row_is_told_apart_from_who_reads_on_slowly() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let clock = recorder.manual_clock();
        recorder
            .scope(async {
                let mut rows = pool.fetch("SELECT 1 UNION ALL SELECT 2");
                rows.try_next().await.unwrap();
                clock.advance(Duration::from_secs(7));
                while rows.try_next().await.unwrap().is_some() {}
            })
            .await;
        let query = recorder.one("sql-wconn-queryctx");
        assert_eq!(query["first-row"], 0);
        assert_eq!(query.lapsed(), 7_000_000_000);
    })
    .await;
}

/// The control: this is why `auto_register` has to stand in its place.
#[test]
fn drivers_of_sqlx_after_ours_are_refused_loudly() {
    install();
    assert!(std::panic::catch_unwind(sqlx::any::install_default_drivers).is_err());
}

/// The methods of `Pool` that hand out a connection or a transaction.
const HANDED_OUT: [&str; 6] = [
    "acquire",
    "begin",
    "begin_with",
    "try_acquire",
    "try_begin",
    "try_begin_with",
];

#[tokio::test]
async fn whatever_a_pool_hands_out_is_monitored() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        for name in HANDED_OUT {
            let recorder = Recorder::new();
            recorder.scope(use_what_is_handed_out(&pool, name)).await;
            let home = match name.contains("acquire") {
                true => "sql-wlease",
                false => "conn-begintx",
            };
            let statement = recorder.one("sql-wstmt-execctx");
            assert!(statement.is_child_of(&recorder.one(home)), "{name}");
        }
    })
    .await;
}

async fn use_what_is_handed_out(pool: &MonitoredPool<Sqlite>, name: &str) {
    // What was taken before is given back by a task.
    while pool.num_idle() == 0 {
        tokio::task::yield_now().await;
    }
    let begin = "BEGIN IMMEDIATE";
    let mut lease = match name {
        "acquire" => Some(pool.acquire().await.unwrap()),
        "try_acquire" => pool.try_acquire(),
        _ => None,
    };
    let mut transaction = match name {
        "begin" => Some(pool.begin().await.unwrap()),
        "begin_with" => Some(pool.begin_with(begin).await.unwrap()),
        "try_begin" => pool.try_begin().await.unwrap(),
        "try_begin_with" => pool.try_begin_with(begin).await.unwrap(),
        _ => None,
    };
    if let Some(lease) = &mut lease {
        lease.execute("SELECT 1").await.unwrap();
    }
    if let Some(transaction) = &mut transaction {
        transaction.execute("SELECT 1").await.unwrap();
    }
}

#[test]
fn sqlx_has_no_other_method_that_hands_something_out() {
    let source = source_of("sqlx-core").join("src/pool/mod.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let handing_out: BTreeSet<&str> = source
        .split("\n    pub ")
        .filter_map(|text| {
            let signature = text.split('{').next()?;
            let (_, rest) = signature.split_once("fn ")?;
            let hands_out = |name| signature.contains(name);
            (hands_out("PoolConnection") || hands_out("Transaction"))
                .then(|| rest.split(['(', '<']).next().unwrap())
        })
        .collect();
    assert_eq!(handing_out, BTreeSet::from(HANDED_OUT));
}

/// Where cargo has the package.
fn source_of(package: &str) -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["metadata", "--format-version", "1", "--offline"]);
    let said = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let packages = said["packages"].as_array().unwrap();
    let found = packages.iter().find(|it| it["name"] == package).unwrap();
    let manifest = Path::new(found["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().to_owned()
}

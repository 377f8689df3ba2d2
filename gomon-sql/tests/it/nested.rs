//! Savepoints inside of savepoints, of which one is not made: what is committed then is what plain sqlx commits, and the events
//! say what became of it.

use gomon_core::testing::Recorder;
use gomon_sql::{PoolExt, monitor_conn};
use sqlx::any::AnyPoolOptions;
use sqlx::{Acquire, Connection, Executor, MySql, Postgres, Row, Sqlite};

use crate::accounts::in_request;
use crate::any_driver::install;
use crate::cancel::poll_then_drop;
use crate::detour::Detour;
use crate::engines::{Engine, Fixture, on};

/// Why the innermost savepoint is not made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Break {
    /// sqlx takes no statement of one's own.
    Refused,
    /// PostgreSQL refuses it after an error.
    Spoilt,
    /// After so many polls of it.
    Dropped(usize),
}

/// How a level ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Rollback,
    Drop,
}

const ENDS: [End; 3] = [End::Commit, End::Rollback, End::Drop];

/// What is written the same way with sqlx's types and with the monitored ones. The rows that are there afterwards, and whether
/// the innermost savepoint was made after all.
macro_rules! nested {
    ($pool:expr, $how:expr, $inner:expr, $outer:expr) => {{
        $pool.execute("DELETE FROM items").await.unwrap();
        let mut tx = $pool.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'outer')")
            .await
            .unwrap();
        let mut point = tx.begin().await.unwrap();
        (&mut *point)
            .execute("INSERT INTO items VALUES (2, 'inner')")
            .await
            .unwrap();
        let made = match $how {
            Break::Refused => point.begin_with("SAVEPOINT mine").await.is_ok(),
            Break::Spoilt => {
                let again = (&mut *point).execute("INSERT INTO items VALUES (1, 'again')");
                assert!(again.await.is_err());
                point.begin().await.is_ok()
            }
            Break::Dropped(polls) => poll_then_drop(polls, point.begin()).await,
        };
        let _ = (&mut *point)
            .execute("INSERT INTO items VALUES (3, 'later')")
            .await;
        match $inner {
            End::Commit => drop(point.commit().await),
            End::Rollback => drop(point.rollback().await),
            End::Drop => drop(point),
        }
        let _ = (&mut *tx)
            .execute("INSERT INTO items VALUES (4, 'last')")
            .await;
        match $outer {
            End::Commit => drop(tx.commit().await),
            End::Rollback => drop(tx.rollback().await),
            End::Drop => drop(tx),
        }
        let rows = $pool.fetch_all("SELECT id FROM items ORDER BY id").await;
        let ids = rows
            .unwrap()
            .iter()
            .map(|row| row.get::<i32, _>(0))
            .collect::<Vec<_>>();
        (ids, made)
    }};
}

/// The same on plain types, and on each way in.
macro_rules! compare {
    ($db:ty, $fixture:expr, $detour:expr, $how:expr) => {{
        let options = $fixture.pool.options().clone().max_connections(1);
        let plain = options.connect_lazy_with($detour.options.clone());
        let typed = plain.clone().monitored();
        let url = <$db as Engine>::url($fixture, &$detour.options);
        let any = AnyPoolOptions::new()
            .max_connections(1)
            .connect_lazy(&url)
            .unwrap();
        let both = any.clone().monitored();
        let mut made = false;
        for inner in ENDS {
            for outer in ENDS {
                let what = format!("{:?} {inner:?} {outer:?}", $how);
                let expected = nested!(&plain, $how, inner, outer);
                made = expected.1;
                let work = async { nested!(&typed, $how, inner, outer) };
                let (recorder, seen) = in_request(work).await;
                assert_eq!(seen, expected, "typed: {what}");
                told(&recorder, &seen.0, outer, &what);
                let work = async { nested!(&any, $how, inner, outer) };
                let (recorder, seen) = in_request(work).await;
                assert_eq!(seen, expected, "driver: {what}");
                told(&recorder, &seen.0, outer, &what);
                let work = async { nested!(&both, $how, inner, outer) };
                let (recorder, seen) = in_request(work).await;
                assert_eq!(seen, expected, "both: {what}");
                told(&recorder, &seen.0, outer, &what);
            }
        }
        plain.close().await;
        any.close().await;
        made
    }};
}

/// What was committed has a commit that went well; what was not has none, and says why.
fn told(recorder: &Recorder, ids: &[i32], outer: End, what: &str) {
    let tree = || format!("{what} {ids:?}\n{}", recorder.tree());
    let transaction = recorder.find("conn-begintx").into_iter().next();
    let transaction = transaction.unwrap_or_else(|| panic!("{}", tree()));
    let aborted = transaction.get("aborted").is_some();
    let commits = recorder.find("sql-wtx-commit");
    let committed = commits.iter().any(|commit| commit.outcome() == "completed");
    if ids.contains(&1) {
        assert!(!aborted, "{}", tree());
    } else {
        assert!(!committed, "{}", tree());
        let rolled_back = !recorder.find("sql-wtx-rollback").is_empty();
        assert!(
            aborted || rolled_back || matches!(outer, End::Drop),
            "{}",
            tree()
        );
    }
}

#[tokio::test]
async fn postgresql_commits_what_it_commits_without_gomon() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let detour = detour(fixture).await;
        compare!(Postgres, fixture, detour, Break::Refused);
        compare!(Postgres, fixture, detour, Break::Spoilt);
        let mut polls = 1;
        while !compare!(Postgres, fixture, detour, Break::Dropped(polls)) {
            polls += 1;
        }
        assert!(polls > 1, "it was never dropped");
    })
    .await;
}

#[tokio::test]
async fn mariadb_commits_what_it_commits_without_gomon() {
    on::<MySql, _>(async |fixture: &Fixture<MySql>| {
        let detour = detour(fixture).await;
        compare!(MySql, fixture, detour, Break::Refused);
        let mut polls = 1;
        while !compare!(MySql, fixture, detour, Break::Dropped(polls)) {
            polls += 1;
        }
        assert!(polls > 1, "it was never dropped");
    })
    .await;
}

/// Its thread may answer before a future is dropped.
#[tokio::test]
async fn sqlite_commits_what_it_commits_without_gomon() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let detour = detour(fixture).await;
        compare!(Sqlite, fixture, detour, Break::Refused);
    })
    .await;
}

async fn detour<DB: Engine>(fixture: &Fixture<DB>) -> Detour<DB> {
    install();
    Detour::to(fixture).await
}

/// A helper that is handed the transaction as sqlx's connection takes it along, and the wrapper is told by sqlx.
#[tokio::test]
async fn what_a_helper_rolls_back_on_the_raw_connection_is_not_told_as_committed() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| helped(fixture).await).await;
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| helped(fixture).await).await;
    on::<MySql, _>(async |fixture: &Fixture<MySql>| helped(fixture).await).await;
}

async fn helped<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let work = async {
        let mut tx = pool.begin().await.unwrap();
        let insert = "INSERT INTO items VALUES (1, 'undone')";
        (&mut *tx).execute(insert).await.unwrap();
        let raw: &mut DB::Connection = tx.as_mut();
        let mut borrowed = monitor_conn::<DB>(raw);
        assert!(borrowed.begin_with("SAVEPOINT mine").await.is_err());
        drop(borrowed);
        // On SQLite it is rolled back by then.
        (&mut *tx).execute("SELECT 1").await.unwrap();
        tx.commit().await.unwrap();
        pool.fetch_all("SELECT id FROM items").await.unwrap().len()
    };
    let (recorder, rows) = in_request(work).await;
    assert_eq!(rows, 0);
    for fp in ["conn-begintx", "sql-wtx-commit"] {
        assert_eq!(recorder.one(fp)["aborted"], true, "{}", recorder.tree());
    }
}

/// On MySQL and SQLite the end of a savepoint inside of which one was not made commits all of it.
#[tokio::test]
async fn a_rollback_of_what_was_committed_is_not_told_as_one() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let work = async {
            let mut tx = pool.begin().await.unwrap();
            let insert = "INSERT INTO items VALUES (1, 'kept')";
            (&mut *tx).execute(insert).await.unwrap();
            let mut point = tx.begin().await.unwrap();
            assert!(point.begin_with("SAVEPOINT mine").await.is_err());
            point.commit().await.unwrap();
            tx.rollback().await.unwrap();
            pool.fetch_all("SELECT id FROM items").await.unwrap().len()
        };
        let (recorder, rows) = in_request(work).await;
        assert_eq!(rows, 1);
        assert_eq!(recorder.one("sql-wtx-rollback").outcome(), "failed");
        let points = recorder.find("sql-savepoint");
        assert_eq!(points.last().unwrap()["aborted"], true);
    })
    .await;
}

#[tokio::test]
async fn a_borrowed_connection_has_a_transaction_after_a_dropped_one() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let mut connection = fixture.pool.acquire().await.unwrap();
        for _ in 0..100 {
            let recorder = Recorder::new();
            let work = async {
                let mut borrowed = monitor_conn::<Sqlite>(&mut connection);
                drop(borrowed.begin().await.unwrap());
                borrowed.begin().await.unwrap().commit().await.unwrap();
            };
            recorder.scope(work).await;
            assert_eq!(recorder.find("conn-begintx").len(), 2);
            assert!(recorder.find("sql-savepoint").is_empty());
        }
    })
    .await;
}

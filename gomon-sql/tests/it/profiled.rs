//! Where the time of SQL goes.

use gomon_core::testing::Recorder;
use gomon_core::{Context, FutureExt, probe};
use gomon_sql::{PoolExt, SqlProfile, SqlProfileLine};
use sqlx::Sqlite;

use crate::callers::unit;
use crate::engines::{Fixture, on};

fn lines_of(summary: &str) -> Vec<SqlProfileLine> {
    let profile = SqlProfile::read();
    let lines = profile.lines().iter();
    lines
        .filter(|line| line.summary == summary)
        .cloned()
        .collect()
}

#[tokio::test]
async fn a_statement_is_counted_for_the_line_that_calls_it() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.pool.clone().monitored();
        let recorder = Recorder::new();
        recorder
            .scope(async {
                let rows = "SELECT 1 AS a FROM (SELECT 1) AS profiled_here UNION ALL SELECT 2";
                for _ in 0..3 {
                    sqlx::query(rows).fetch_all(pool.here()).await.unwrap();
                }
                sqlx::query("DELETE FROM profiled_nowhere")
                    .execute(pool.here())
                    .await
                    .unwrap_err();
            })
            .await;
        let events = recorder.find("sql-wconn-queryctx");
        let spent: u64 = events.iter().map(|event| event.lapsed()).sum();
        let summary = events[0]["summary"].as_str().unwrap();
        let lines = lines_of(summary);
        let line = lines
            .iter()
            .find(|line| events[0]["caller"].as_str() == line.caller.as_deref())
            .unwrap();
        assert_eq!((line.count, line.rows, line.errors), (3, 6, 0));
        assert_eq!(events[0]["digest"], line.digest);
        let total = u64::try_from(line.total.as_nanos()).unwrap();
        assert!(total > 0 && total <= spent, "{total} of {spent}");

        let failed = &lines_of("DELETE profiled_nowhere")[0];
        assert_eq!((failed.count, failed.rows, failed.errors), (1, 0, 1));
        let folded = SqlProfile::read().folded();
        let stack = format!("sqlite;{};{summary} ", line.caller.as_ref().unwrap());
        assert!(folded.contains(&stack), "{folded}");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_recorded_is_not_counted() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.pool.clone().monitored();
        let query = sqlx::query("DELETE FROM unrecorded");
        let delete = query.execute(&pool).in_context(Context::unmonitored());
        delete.await.unwrap_err();
        assert_eq!(lines_of("DELETE unrecorded"), []);
    })
    .await;
}

#[tokio::test]
async fn the_profile_can_be_downloaded() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.pool.clone().monitored();
        let recorder = Recorder::new();
        let query = sqlx::query("SELECT name FROM items AS downloaded");
        recorder.scope(query.fetch_all(pool.here())).await.unwrap();
        let folded = probe::file("sql", "sql.folded").unwrap();
        assert!(
            String::from_utf8(folded)
                .unwrap()
                .contains(";SELECT items ")
        );
        assert!(!probe::file("sql", "sql.pb").unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_one_line_calls_in_several_kinds_of_work_is_one_line() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.pool.clone().monitored();
        let delete = async || {
            let query = sqlx::query("DELETE FROM of_two_kinds");
            query.execute(&pool).await.unwrap_err();
        };
        let recorder = Recorder::new();
        let mut runs = 0;
        let lines = loop {
            for fp in ["profiled-first", "profiled-second"] {
                recorder.scope(unit(fp, delete())).await;
                runs += 1;
            }
            // Each kind has its line looked up, which is done elsewhere.
            let lines = lines_of("DELETE of_two_kinds");
            if lines.iter().all(|line| line.caller.is_some()) || runs > 1000 {
                break lines;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((lines[0].count, lines[0].errors), (runs, runs));
    })
    .await;
}

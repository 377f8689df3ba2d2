//! Statements of raw pools and connections.

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use gomon_core::{EventTracker, FutureExt};
use sqlx::{Acquire, AssertSqlSafe, Connection, Executor};

use crate::engines::{Engine, Fixture, on_each_engine};
use crate::{install, request, statements, texts};

on_each_engine! {
    raw_statements_are_told_with_what_they_return => told;
    no_literal_is_in_any_event => masked;
    code_that_gets_past_the_wrappers_is_told_once => past_wrappers;
    a_statement_that_fails_or_is_left_is_told_as_one_that_ended => unfinished;
    what_sqlx_runs_for_itself_is_left_out => chores;
    statements_without_a_context_follow_the_rule_for_orphans => orphans;
}

async fn told<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let recorder = Recorder::new();
    request(&recorder, async {
        let pool = &fixture.pool;
        pool.execute("INSERT INTO items VALUES (1, 'a'), (2, 'b')")
            .await
            .unwrap();
        pool.fetch_all("SELECT name  FROM items WHERE id < 100")
            .await
            .unwrap();
        pool.execute("DELETE FROM items").await.unwrap();
    })
    .await;
    fixture.pool.close().await;

    let events = statements(&recorder);
    let [insert, select, delete] = events.as_slice() else {
        panic!("{events:?}");
    };
    let request = recorder.one("request");
    for event in &events {
        assert!(event.is_child_of(&request), "{event:?}");
        assert_eq!(event.outcome(), "completed");
        assert!(event.start() >= request.start() && event.lapsed() > 0);
        for absent in ["system", "prepared", "caller", "slow", "orphan", "error"] {
            assert!(event.get(absent).is_none(), "{event:?}");
        }
    }
    assert_eq!(insert.fp(), "sql-wstmt-execctx");
    assert_eq!(insert["query"], "INSERT INTO items VALUES (?, ?), (?, ?)");
    assert_eq!(
        (&insert["summary"], &insert["rows-aff"]),
        (&"INSERT items".into(), &2.into())
    );
    assert!(insert.get("rows-returned").is_none());
    assert_eq!(select.fp(), "sql-wconn-queryctx");
    assert_eq!(select["query"], "SELECT name FROM items WHERE id < ?");
    assert_eq!(select["rows-returned"], 2);
    assert!(select.get("rows-aff").is_none(), "it changes nothing");
    // All of it is in sqlx's own summary.
    assert_eq!(delete["query"], "DELETE FROM items");
    assert_eq!(delete["rows-aff"], 2);

    let wrapped = Recorder::new();
    let Some(fixture) = DB::open().await else {
        return;
    };
    let pool = fixture.monitored();
    let again = pool.fetch_all("SELECT name FROM items WHERE id < 7");
    crate::request(&wrapped, again).await.unwrap();
    assert_eq!(statements(&wrapped)[0]["digest"], select["digest"]);
}

async fn masked<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let recorder = Recorder::new();
    request(&recorder, async {
        for sql in [
            "INSERT INTO items VALUES (1, 'hunter2')",
            "SELECT name FROM items WHERE name = 'hunter2' -- hunter2",
            r"SELECT name FROM items WHERE name = 'it\' OR name = 'hunter2'",
            r#"SELECT "hunter2""#,
            "SELECT $a$hunter2$a$",
            "SELECT 'hunter2' FROM nowhere",
            "SELECT 'hunter2",
            "hunter2",
        ] {
            fixture.pool.execute(sql).await.ok();
        }
        let insert = AssertSqlSafe("INSERT INTO items VALUES (4711, 'hunter2')");
        sqlx::raw_sql(insert).execute(&fixture.pool).await.ok();
    })
    .await;
    fixture.pool.close().await;

    let events = statements(&recorder);
    assert!(events.len() >= 8, "{events:?}");
    for event in events {
        let shown = format!("{event:?}");
        // A word that is in no quotes at all is none.
        let word = event["query"] == "hunter2";
        assert!(word || !shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("4711"), "{shown}");
    }
}

async fn by_acquire<'a, DB: Engine, A: Acquire<'a, Database = DB>>(source: A)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut connection = source.acquire().await.unwrap();
    let connection: &mut DB::Connection = &mut connection;
    connection
        .execute("SELECT id FROM items WHERE id = 1")
        .await
        .unwrap();
}

async fn by_connection<DB: Engine>(connection: &mut DB::Connection)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let one = connection.fetch_all("SELECT id FROM items WHERE id = 2");
    one.await.unwrap();
}

async fn past_wrappers<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    request(&recorder, async {
        by_acquire::<DB, _>(&pool).await;
        let mut tx = pool.begin().await.unwrap();
        tx.execute("SELECT id FROM items WHERE id = 3")
            .await
            .unwrap();
        by_connection::<DB>(&mut tx).await;
        by_acquire::<DB, _>(&mut tx).await;
        tx.commit().await.unwrap();
        pool.inner()
            .execute("SELECT id FROM items WHERE id = 4")
            .await
            .unwrap();
    })
    .await;
    fixture.pool.close().await;

    let (request, tx) = (recorder.one("request"), recorder.one("conn-begintx"));
    let events = statements(&recorder);
    let (of_wrappers, of_layer): (Vec<_>, Vec<_>) = events
        .iter()
        .partition(|event| event.get("prepared").is_some());
    assert_eq!((of_wrappers.len(), of_layer.len()), (1, 4), "{events:?}");
    assert!(of_wrappers[0].is_child_of(&tx));
    // They are not in the transaction, as far as anybody can tell.
    assert!(of_layer.iter().all(|event| event.is_child_of(&request)));
}

async fn unfinished<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let recorder = Recorder::new();
    request(&recorder, async {
        let pool = &fixture.pool;
        pool.execute("INSERT INTO items VALUES (1, 'a'), (2, 'b')")
            .await
            .unwrap();
        pool.execute("SELECT nothing FROM nowhere")
            .await
            .err()
            .unwrap();
        let mut rows = pool.fetch("SELECT id FROM items ORDER BY id");
        rows.try_next().await.unwrap();
    })
    .await;
    fixture.pool.close().await;

    let events = statements(&recorder);
    assert_eq!(events.len(), 3, "{events:?}");
    for event in events {
        assert_eq!(event.outcome(), "completed");
        assert!(event.get("error").is_none());
    }
}

async fn chores<DB: Engine>(fixture: &Fixture<DB>)
where
    <DB as sqlx::Database>::Connection: sqlx::migrate::Migrate,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let recorder = Recorder::new();
    request(&recorder, async {
        let options = fixture.pool.connect_options();
        let connection = <DB::Connection as Connection>::connect_with(&options).await;
        connection.unwrap().close().await.unwrap();
        sqlx::migrate!("tests/migrations")
            .run(&fixture.pool)
            .await
            .unwrap();
    })
    .await;
    fixture.pool.close().await;

    let texts = texts(&recorder);
    assert!(
        texts.iter().any(|text| text.contains("TABLE migrated")),
        "{texts:?}"
    );
    for own in ["_sqlx_migrations", "PRAGMA", "sql_mode", "NAMES"] {
        assert!(!texts.iter().any(|text| text.contains(own)), "{texts:?}");
    }
}

async fn orphans<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    install();
    let recorder = Recorder::new();
    let pool = fixture.pool.clone();
    let lost = async move { pool.execute("SELECT id FROM items").await.map(drop) };
    let task = tokio::spawn(lost.in_context(recorder.context()));
    task.await.unwrap().unwrap();

    // A span that was made in an event, and entered outside of it.
    let mut work = EventTracker::in_context("work", recorder.context());
    let span = work.enter(|| tracing::info_span!("work"));
    let kept = tracing::Instrument::instrument(fixture.pool.execute("DELETE FROM items"), span);
    kept.in_context(recorder.context()).await.unwrap();
    work.finish();
    fixture.pool.close().await;

    let events = statements(&recorder);
    // On SQLite's thread there is no context at all, not even that of the test.
    let seen = if DB::SYSTEM == "sqlite" { 1 } else { 2 };
    assert_eq!(events.len(), seen, "{events:?}");
    if DB::SYSTEM != "sqlite" {
        assert_eq!(events[0]["orphan"], true);
    }
    let last = &events[seen - 1];
    assert!(last.is_child_of(&recorder.one("work")), "{last:?}");
}

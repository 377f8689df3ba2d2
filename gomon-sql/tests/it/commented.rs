//! Comments that statements take to the server.

use gomon_core::EventTracker;
use gomon_core::testing::Recorder;
use gomon_sql::{MonitoredPool, PoolExt, SqlComments, SqlConfig};
use sqlx::{Connection, Executor, MySql, Postgres};

use crate::engines::{Engine, Fixture, on};

fn pool<DB: Engine>(fixture: &Fixture<DB>, comments: SqlComments) -> MonitoredPool<DB> {
    let config = SqlConfig::new().comments(comments);
    fixture.pool.clone().monitored_with(config)
}

fn tags() -> SqlComments {
    SqlComments::new().tag("application", "shop")
}

/// Gives the text of itself, as the server got it.
const OF_POSTGRES: &str =
    "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND $1 = 1";
const OF_MYSQL: &str =
    "SELECT info FROM information_schema.processlist WHERE id = connection_id() AND ? = 1";

#[tokio::test]
async fn the_server_gets_the_comment_and_the_event_does_not() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let pool = pool(fixture, tags());
        let recorder = Recorder::new();
        let query = sqlx::query_scalar::<_, String>(OF_POSTGRES).bind(1);
        let text = recorder.scope(query.fetch_one(&pool)).await.unwrap();
        assert_eq!(text, format!("{OF_POSTGRES} /*application='shop'*/"));
        let event = recorder.one("sql-wconn-queryctx");
        assert!(
            !event["query"].as_str().unwrap().contains("shop"),
            "{event}"
        );
    })
    .await;
    on::<MySql, _>(async |fixture: &Fixture<MySql>| {
        let pool = pool(fixture, tags());
        let mut tx = pool.begin().await.unwrap();
        let query = sqlx::query_scalar::<_, String>(OF_MYSQL).bind(1);
        let text = query.fetch_one(&mut *tx).await.unwrap();
        assert_eq!(text, format!("{OF_MYSQL} /*application='shop'*/"));
    })
    .await;
}

#[tokio::test]
async fn statements_that_were_prepared_are_found_again() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let pool = pool(fixture, tags());
        let mut connection = pool.acquire().await.unwrap();
        let before = connection.cached_statements_size();
        for id in 0..10 {
            let query = sqlx::query("SELECT name FROM items WHERE id = $1").bind(id);
            query.fetch_optional(&mut *connection).await.unwrap();
        }
        assert_eq!(connection.cached_statements_size() - before, 1);
        connection
            .prepare(sqlx::SqlStr::from_static(
                "SELECT name FROM items WHERE id = $1",
            ))
            .await
            .unwrap();
        assert_eq!(
            connection.cached_statements_size() - before,
            1,
            "by whichever way"
        );
    })
    .await;
}

#[tokio::test]
async fn a_traceparent_leads_to_the_trace_and_fills_no_cache() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let pool = pool(fixture, tags().traceparent());
        let recorder = Recorder::new();
        let (texts, kept) = recorder
            .scope(async {
                let mut texts = Vec::new();
                let mut connection = pool.acquire().await.unwrap();
                let before = connection.cached_statements_size();
                for _ in 0..5 {
                    let query = sqlx::query_scalar::<_, String>(OF_POSTGRES).bind(1);
                    texts.push(query.fetch_one(&mut *connection).await.unwrap());
                }
                (texts, connection.cached_statements_size() - before)
            })
            .await;
        assert_eq!(kept, 0);
        let lease = recorder.one("sql-wlease");
        let trace = lease["gomon:trace"].as_str().unwrap();
        let parent = format!("traceparent='00-{trace}-");
        for text in texts {
            assert!(text.contains(&parent), "{text}");
            assert!(text.contains("application='shop',traceparent="), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_statement_of_a_request_has_the_traceparent_of_the_request() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let pool = pool(fixture, SqlComments::new().traceparent());
        let recorder = Recorder::new();
        let mut request = EventTracker::in_context("request", recorder.context());
        let expected = request.context().traceparent().unwrap().to_string();
        let query = sqlx::query_scalar::<_, String>(OF_POSTGRES).bind(1);
        let text = request.scope(query.fetch_one(&pool)).await.unwrap();
        assert_eq!(text, format!("{OF_POSTGRES} /*traceparent='{expected}'*/"));
    })
    .await;
}

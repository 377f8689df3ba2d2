//! What the wrappers of typed pools report is not told again by the layer.

use std::pin::pin;

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use gomon_sql::PoolExt;
use sqlx::database::HasStatementCache;
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Executor, IntoArguments};

use crate::engines::{Engine, Fixture, on_each_engine};
use crate::{request, statements, texts};

on_each_engine! {
    each_way_to_run_a_statement_is_told_once => ways;
    a_statement_that_is_left_or_fails_is_told_once => left;
    transactions_are_told_by_the_wrapper_alone => transactions;
    a_wait_for_the_pool_is_told_once => waits;
    what_a_program_does_with_a_new_connection_is_told => set_up;
}

/// A text that no other call has.
pub(crate) fn sql(way: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT id AS {way} FROM items ORDER BY id"))
}

/// Those of the methods of an executor in some places.
pub(crate) fn expected(places: &[&str]) -> Vec<String> {
    let ways = [
        "execute",
        "execute_many",
        "fetch_all",
        "fetch_one",
        "fetch_optional",
        "fetch",
        "fetch_many",
        "prepare",
    ];
    let named = |place: &str| ways.map(|way| sql(&format!("{place}_{way}")).0);
    let mut texts: Vec<String> = places.iter().copied().flat_map(named).collect();
    texts.sort();
    texts
}

/// Each method of an executor, which is made anew for each.
macro_rules! run_all {
    ($executor:expr, $place:literal) => {
        let sql = |way: &str| $crate::doubles::sql(&format!("{}_{way}", $place));
        $executor.execute(sql("execute")).await.unwrap();
        let many = $executor.execute_many(sql("execute_many"));
        many.try_collect::<Vec<_>>().await.unwrap();
        $executor.fetch_all(sql("fetch_all")).await.unwrap();
        $executor.fetch_one(sql("fetch_one")).await.unwrap();
        let one = $executor.fetch_optional(sql("fetch_optional"));
        one.await.unwrap();
        let rows = $executor.fetch(sql("fetch"));
        rows.try_collect::<Vec<_>>().await.unwrap();
        let items = $executor.fetch_many(sql("fetch_many"));
        items.try_collect::<Vec<_>>().await.unwrap();
        let text = sqlx::SqlSafeStr::into_sql_str(sql("prepare"));
        $executor.prepare(text).await.unwrap();
    };
}
pub(crate) use run_all;

async fn fill<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let insert = "INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')";
    fixture.pool.execute(insert).await.unwrap();
}

async fn ways<DB: Engine + HasStatementCache>(fixture: &Fixture<DB>)
where
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fill(fixture).await;
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    request(&recorder, async {
        run_all!((&pool), "pool");
        run_all!(pool.here(), "here");
        let mut connection = pool.acquire().await.unwrap();
        run_all!((&mut connection), "lease");
        run_all!((&mut *connection), "connection");
        drop(connection);
        let mut tx = pool.begin().await.unwrap();
        run_all!((&mut *tx), "tx");
        tx.commit().await.unwrap();
        // The text that sqlx keeps prepared, and one that it does not.
        sqlx::query(sql("query")).execute(&pool).await.unwrap();
        let fresh = sqlx::query(sql("fresh")).persistent(false);
        fresh.fetch_all(&pool).await.unwrap();
        let both = AssertSqlSafe("DELETE FROM items; SELECT id FROM items");
        sqlx::raw_sql(both).execute(&pool).await.unwrap();
    })
    .await;
    fixture.pool.close().await;

    let mut all = expected(&["pool", "here", "lease", "connection", "tx"]);
    all.extend([sql("query").0, sql("fresh").0]);
    all.push("DELETE FROM items; SELECT id FROM items".to_owned());
    all.sort();
    assert_eq!(texts(&recorder), all);
    let events = statements(&recorder);
    assert!(events.iter().all(|event| event.get("prepared").is_some()));
}

async fn left<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fill(fixture).await;
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    request(&recorder, async {
        let mut rows = pool.fetch(sql("dropped_stream"));
        rows.try_next().await.unwrap();
        drop(rows);
        let mut tx = pool.begin().await.unwrap();
        let mut rows = tx.fetch(sql("dropped_stream_of_tx"));
        rows.try_next().await.unwrap();
        drop(rows);
        pool.execute("SELECT nothing FROM nowhere")
            .await
            .err()
            .unwrap();
        drop(tx);

        let mut connection = pool.acquire().await.unwrap();
        let mut polled = pin!(connection.execute(sql("dropped_future")));
        let polls = std::future::poll_fn(|cx| std::task::Poll::Ready(polled.as_mut().poll(cx)));
        let _ = polls.await;
    })
    .await;
    fixture.pool.close().await;

    let mut all =
        ["dropped_stream", "dropped_stream_of_tx", "dropped_future"].map(|way| sql(way).0);
    all.sort();
    let mut all = all.to_vec();
    all.push("SELECT nothing FROM nowhere".to_owned());
    assert_eq!(texts(&recorder), all);
    let events = statements(&recorder);
    assert!(events.iter().all(|event| event.get("prepared").is_some()));
}

async fn transactions<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let recorder = Recorder::new();
    request(&recorder, async {
        let mut tx = pool.begin().await.unwrap();
        let point = tx.begin().await.unwrap();
        point.commit().await.unwrap();
        let point = tx.begin().await.unwrap();
        point.rollback().await.unwrap();
        drop(tx.begin().await.unwrap());
        tx.commit().await.unwrap();
        pool.begin().await.unwrap().rollback().await.unwrap();
        drop(pool.begin().await.unwrap());
        let own = pool.begin_with("BEGIN /* own */").await.unwrap();
        own.commit().await.unwrap();
        // Dropped on the way.
        let mut begin = pin!(pool.begin());
        let polls = std::future::poll_fn(|cx| std::task::Poll::Ready(begin.as_mut().poll(cx)));
        let _ = polls.await;
    })
    .await;
    fixture.pool.close().await;

    assert_eq!(texts(&recorder), [""; 0], "{}", recorder.tree());
    assert_eq!(recorder.find("sql-savepoint").len(), 6);
}

async fn waits<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let options = PoolOptions::<DB>::new()
        .max_connections(1)
        .acquire_time_level(log::LevelFilter::Debug);
    let connect = (*fixture.pool.connect_options()).clone();
    let raw = options.connect_with(connect).await.unwrap();
    let pool = raw.clone().monitored();
    let recorder = Recorder::new();
    request(&recorder, async {
        pool.execute("SELECT id FROM items").await.unwrap();
        drop(pool.acquire().await.unwrap());
        pool.begin().await.unwrap().commit().await.unwrap();
        let of_wrapper = recorder.find("sql-wpool-acquire").len();
        assert_eq!(of_wrapper, 3, "{}", recorder.tree());
        raw.execute("SELECT id FROM items").await.unwrap();
        drop(raw.acquire().await.unwrap());
    })
    .await;
    raw.close().await;

    let events = recorder.find("sql-wpool-acquire");
    let of_layer: Vec<_> = events
        .iter()
        .filter(|event| event.get("size").is_none())
        .collect();
    assert_eq!((events.len(), of_layer.len()), (5, 2), "{events:?}");
    for event in of_layer {
        assert!(event.is_child_of(&recorder.one("request")));
        assert!(event["wait"].as_u64().unwrap() <= event.lapsed());
    }
}

/// The wrapper sees none of it, though it waits for it.
async fn set_up<DB: Engine>(fixture: &Fixture<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let options = PoolOptions::<DB>::new().after_connect(|connection, _| {
        Box::pin(async move { connection.execute("DELETE FROM items").await.map(drop) })
    });
    let connect = (*fixture.pool.connect_options()).clone();
    let raw = options.connect_lazy_with(connect);
    let pool = raw.clone().monitored();
    let recorder = Recorder::new();
    request(&recorder, async { drop(pool.acquire().await.unwrap()) }).await;
    raw.close().await;
    assert_eq!(texts(&recorder), ["DELETE FROM items"]);
    assert_eq!(recorder.find("sql-wpool-acquire").len(), 1);
}

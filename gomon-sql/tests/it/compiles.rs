//! What users write with sqlx's types has to compile, and work, with the wrappers.

use futures_util::TryStreamExt;
use gomon_core::EventTracker;
use gomon_core::testing::Recorder;
use gomon_sql::{MonitoredPool, MonitoredSqlitePool, monitor_conn};
use sqlx::sqlite::SqliteConnection;
use sqlx::{
    Acquire, Connection, Database, Executor, Pool, QueryBuilder, Row, Sqlite, SqliteExecutor,
    SqlitePool, Statement,
};

use crate::engines::{Engine, Fixture, on, on_each_engine};

/// With an ordinary `for<'c> &'c mut DB::Connection: Executor<'c>` in any impl of this crate, this does not compile.
async fn run<DB: Database>(pool: Pool<DB>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut connection = pool.acquire().await.unwrap();
    connection.execute("SELECT 1").await.unwrap();
    pool.execute("SELECT 1").await.unwrap();
}

async fn by_executor<'e, E: Executor<'e, Database = Sqlite>>(executor: E) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM items")
        .fetch_one(executor)
        .await
        .unwrap()
}

async fn by_sqlite_executor(executor: impl SqliteExecutor<'_>) -> i64 {
    by_executor(executor).await
}

async fn by_acquire<'a, A: Acquire<'a, Database = Sqlite>>(source: A) -> i64 {
    let mut connection = source.acquire().await.unwrap();
    let mut connection = monitor_conn::<Sqlite>(&mut connection);
    by_executor(&mut connection).await
}

async fn by_acquire_begin<'a, A: Acquire<'a, Database = Sqlite>>(source: A) {
    let tx = source.begin().await.unwrap();
    tx.commit().await.unwrap();
}

async fn by_connection(connection: &mut SqliteConnection) -> i64 {
    by_executor(connection).await
}

async fn by_pool(pool: &SqlitePool) -> i64 {
    by_executor(pool).await
}

async fn by_monitored_pool(pool: &MonitoredSqlitePool) -> i64 {
    by_executor(pool).await
}

#[derive(sqlx::FromRow)]
struct Item {
    id: i64,
    name: String,
}

#[tokio::test]
async fn everything_that_takes_a_pool_takes_a_monitored_one() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool: MonitoredPool<Sqlite> = fixture.monitored();
        run(fixture.pool.clone()).await;

        let counts = [
            by_executor(&pool).await,
            by_executor(pool.here()).await,
            by_sqlite_executor(&pool).await,
            by_acquire(&pool).await,
            by_pool(&pool).await,
            by_monitored_pool(&pool).await,
            by_connection(&mut pool.acquire().await.unwrap()).await,
        ];
        assert_eq!(counts, [0; 7]);
        by_acquire_begin(&pool).await;
        assert!(pool.size() >= 1, "the pool's own methods are there");

        let mut tx = pool.begin().await.unwrap();
        sqlx::query("INSERT INTO items VALUES (?, ?)")
            .bind(1)
            .bind("a")
            .execute(&mut *tx)
            .await
            .unwrap();
        assert_eq!(by_executor(&mut *tx).await, 1);
        assert_eq!(by_executor(&mut tx).await, 1);
        assert_eq!(by_executor(&mut **tx).await, 1);
        assert_eq!(by_acquire(&mut tx).await, 1);
        assert_eq!(by_connection(&mut tx).await, 1);
        tx.commit().await.unwrap();

        let mut connection = pool.acquire().await.unwrap();
        assert_eq!(by_executor(&mut *connection).await, 1);
        assert_eq!(by_executor(&mut connection).await, 1);
        by_acquire_begin(&mut connection).await;
        connection.ping().await.unwrap();
        let closure = connection.transaction(|tx| {
            Box::pin(async move { sqlx::query("SELECT 1").execute(&mut **tx).await })
        });
        closure.await.unwrap();
        let statement = connection
            .prepare(sqlx::SqlStr::from_static(
                "SELECT name FROM items WHERE id = ?",
            ))
            .await
            .unwrap();
        let row = statement
            .query()
            .bind(1)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(row.get::<String, _>(0), "a");
        connection.close().await.unwrap();

        let items: Vec<Item> = sqlx::query_as("SELECT id, name FROM items")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!((items[0].id, items[0].name.as_str()), (1, "a"));
        let mut builder = QueryBuilder::<Sqlite>::new("SELECT id FROM items WHERE id IN (");
        builder.separated(", ").push_bind(1).push_bind(2);
        assert_eq!(
            builder
                .push(")")
                .build()
                .fetch_all(&pool)
                .await
                .unwrap()
                .len(),
            1
        );
        let names: Vec<String> = sqlx::query("SELECT name FROM items")
            .try_map(|row: sqlx::sqlite::SqliteRow| row.try_get(0))
            .fetch(&pool)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(names, ["a"]);
        sqlx::raw_sql("SELECT 1; SELECT 2")
            .execute(&pool)
            .await
            .unwrap();
        // A connection is given back by a task of sqlx's own.
        while pool.try_acquire().is_none() {
            tokio::task::yield_now().await;
        }
        loop {
            if let Some(tx) = pool.try_begin().await.unwrap() {
                break tx.rollback().await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn futures_of_the_wrappers_can_be_spawned() {
    on::<Sqlite, _>(async |fixture: &Fixture<Sqlite>| {
        let pool = fixture.monitored();
        let task = tokio::spawn(async move {
            let mut tx = pool.begin().await.unwrap();
            let mut inner = tx.begin().await.unwrap();
            sqlx::query("SELECT 1").execute(&mut *inner).await.unwrap();
            inner.commit().await.unwrap();
            tx.commit().await.unwrap();
            let mut connection = pool.acquire().await.unwrap();
            connection.begin().await.unwrap().commit().await.unwrap();
            sqlx::query("SELECT 1")
                .fetch(&pool)
                .try_collect::<Vec<_>>()
                .await
                .unwrap()
                .len()
        });
        assert_eq!(task.await.unwrap(), 1);
    })
    .await;
}

on_each_engine! {
    migrations_run_on_a_monitored_pool => migrations;
}

async fn migrations<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = fixture.monitored();
    let migrations = sqlx::migrate!("tests/migrations");
    let recorder = Recorder::new();
    let run = migrations.run(&pool);
    recorder
        .scope(async { EventTracker::new("start").scope(run).await })
        .await
        .unwrap();

    assert_eq!(recorder.one("sql-wlease").outcome(), "completed");
    let columns = pool.fetch_all("SELECT * FROM migrated").await.unwrap();
    assert!(columns.is_empty());
    // They are done, and it is asked on a connection of one's own.
    let mut lease = pool.acquire().await.unwrap();
    migrations.run(&mut *lease).await.unwrap();
}

/// The same with what only a server's types show.
macro_rules! what_sqlx_takes {
    ($name:ident, $database:ty, $executor:path) => {
        #[tokio::test]
        async fn $name() {
            type Db = $database;

            async fn by_executor<'e>(executor: impl $executor) -> i64 {
                let count = sqlx::query_scalar("SELECT count(*) FROM items");
                count.fetch_one(executor).await.unwrap()
            }
            async fn by_acquire<'a>(source: impl Acquire<'a, Database = Db>) -> i64 {
                let mut connection = source.acquire().await.unwrap();
                by_connection(&mut connection).await
            }
            async fn by_connection(connection: &mut <Db as Database>::Connection) -> i64 {
                by_executor(connection).await
            }
            async fn by_pool(pool: &Pool<Db>) -> i64 {
                by_executor(pool).await
            }

            on::<Db, _>(async |fixture: &Fixture<Db>| {
                let pool: MonitoredPool<Db> = fixture.monitored();
                let mut insert = QueryBuilder::<Db>::new("INSERT INTO items (id, name) ");
                insert.push_values(["a", "b"].iter().zip(1..), |mut row, (name, id)| {
                    row.push_bind(id).push_bind(*name);
                });
                insert.build().execute(&pool).await.unwrap();
                run::<Db>(pool.inner().clone()).await;
                let mut tx = pool.begin().await.unwrap();
                let counts = [
                    by_executor(&pool).await,
                    by_executor(&mut *tx).await,
                    by_acquire(&pool).await,
                    by_acquire(&mut tx).await,
                    by_connection(&mut tx).await,
                    by_pool(&pool).await,
                ];
                assert_eq!(counts, [2; 6]);
                let items = sqlx::query_as::<Db, (i32, String)>("SELECT id, name FROM items");
                let items: Vec<_> = items.fetch(&mut *tx).try_collect().await.unwrap();
                assert_eq!(items.len(), 2);
                tx.commit().await.unwrap();
            })
            .await;
        }
    };
}

what_sqlx_takes!(
    what_takes_a_postgresql_pool_takes_a_monitored_one,
    sqlx::Postgres,
    sqlx::PgExecutor<'e>
);
what_sqlx_takes!(
    what_takes_a_mysql_pool_takes_a_monitored_one,
    sqlx::MySql,
    sqlx::MySqlExecutor<'e>
);

//! One request through every wrapper: who is whose parent.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use gomon::sql::{MonitoredSqlitePool, PoolExt};
use gomon::testing::{Recorder, assert_no_orphans, assert_queries, assert_tree};
use gomon::{EventTracker, Segment};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use crate::server::Server;

#[tokio::test]
async fn a_request_is_the_cause_of_all_that_happens_in_it() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let server = Server::start(routes(one_connection().await.monitored())).await;
            let answer = server.ask("POST /orders HTTP/1.1").await;
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            server.stop().await;
        })
        .await;

    assert_tree!(
        recorder,
        r#"
        net-listener
          net-conn
        http-wmux-servehttp {route="/orders", response_code=200}
          sql-wpool-acquire
          conn-begintx
            sql-wstmt-execctx {summary="INSERT orders"}
            sql-wtx-commit
          segment {name="pricing", childs.0.count=1000}
          receipt
            sql-wconn-queryctx {summary="SELECT orders"}
            sql-wpool-acquire
        "#
    );
    assert_queries!(recorder, == 2);
    assert_no_orphans!(recorder);
}

#[tokio::test]
async fn a_request_names_the_connection_it_came_in_on() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let server = Server::start(routes(one_connection().await.monitored())).await;
            server.ask("POST /orders HTTP/1.1").await;
            server.stop().await;
        })
        .await;

    let connection = recorder.one("net-conn");
    assert_eq!(recorder.one("http-wmux-servehttp")["conn"], connection.id());
    assert!(connection.is_child_of(&recorder.one("net-listener")));
}

fn routes(db: MonitoredSqlitePool) -> Router {
    Router::new().route("/orders", post(order)).with_state(db)
}

async fn order(State(db): State<MonitoredSqlitePool>) {
    let mut tx = db.begin().await.unwrap();
    sqlx::query("INSERT INTO orders DEFAULT VALUES")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let pricing = Segment::new("pricing");
    for _ in 0..1_000 {
        let _rule = pricing.child("rule");
    }
    drop(pricing);
    let receipt = gomon::spawn(async move {
        let mut receipt = EventTracker::new("receipt");
        let orders = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM orders").fetch_one(&db);
        assert_eq!(receipt.scope(orders).await.unwrap(), 1);
    });
    receipt.await.unwrap();
}

/// A database in memory belongs to its connection.
async fn one_connection() -> SqlitePool {
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        .execute(&pool)
        .await
        .unwrap();
    pool
}

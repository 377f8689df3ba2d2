//! A program's own logs beside gomon's events: one written against `tracing`, one against gomon, and both in one.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use gomon::EventTracker;
use gomon::logs::{GomonLayer, GomonLogger};
use gomon::sql::{MonitoredSqlitePool, PoolExt};
use gomon::testing::Recorder;
use sqlx::sqlite::SqlitePoolOptions;
use tracing_subscriber::layer::SubscriberExt;

use crate::server::Server;

/// A service that knows nothing of gomon.
mod traced {
    use tracing::{Instrument, info, info_span, instrument};

    #[instrument(skip_all)]
    pub(super) async fn request(orders: u32) {
        authorise("ada").await;
        for order in 0..orders {
            checkout(order).await;
        }
        info_span!("reply").in_scope(|| info!("answered"));
    }

    #[instrument]
    async fn authorise(_user: &str) {
        tokio::task::yield_now().await;
    }

    #[instrument]
    async fn checkout(order: u32) {
        tokio::join!(price(order), stock(order));
        info!(order, "ordered");
        let receipt = tokio::spawn(async { print().await }.instrument(info_span!("receipt")));
        receipt.await.unwrap();
    }

    #[instrument]
    async fn price(_order: u32) {
        tokio::task::yield_now().await;
        info_span!("tax").in_scope(|| {});
    }

    #[instrument]
    async fn stock(_order: u32) {
        tokio::task::yield_now().await;
        info_span!("shelf").in_scope(|| {});
    }

    #[instrument]
    async fn print() {
        tokio::task::yield_now().await;
    }
}

/// The same against gomon.
mod monitored {
    use gomon::logs::GomonLogger;
    use gomon::{EventTracker, FutureExt, spawn};
    use log::info;

    pub(super) async fn request(logger: &GomonLogger, orders: u32) {
        let request = async {
            authorise("ada").monitored("authorise").await;
            for order in 0..orders {
                checkout(logger, order).monitored("checkout").await;
            }
            EventTracker::new("reply").enter(|| info!(logger: logger, "answered"));
        };
        EventTracker::new("request").scope(request).await;
    }

    async fn authorise(_user: &str) {
        tokio::task::yield_now().await;
    }

    async fn checkout(logger: &GomonLogger, order: u32) {
        tokio::join!(
            price(order).monitored("price"),
            stock(order).monitored("stock")
        );
        info!(logger: logger, order; "ordered");
        let receipt = spawn(async { print().monitored("print").await }.monitored("receipt"));
        receipt.await.unwrap();
    }

    async fn price(_order: u32) {
        tokio::task::yield_now().await;
        EventTracker::new("tax").finish();
    }

    async fn stock(_order: u32) {
        tokio::task::yield_now().await;
        EventTracker::new("shelf").finish();
    }

    async fn print() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_layer_gives_a_service_written_with_tracing_the_tree_of_one_written_with_gomon() {
    let traced = Recorder::new();
    let layer = tracing::subscriber::set_default(subscriber());
    traced.scope(traced::request(2)).await;
    drop(layer);

    let monitored = Recorder::new();
    log::set_max_level(log::LevelFilter::Info);
    monitored
        .scope(monitored::request(&GomonLogger::new(), 2))
        .await;

    assert_eq!(traced.tree(), monitored.tree());
    let lines = |recorder: &Recorder| -> Vec<_> {
        let lines = recorder.find("log");
        lines
            .iter()
            .map(|log| [log["message"].clone(), log["fields"].clone()])
            .collect()
    };
    assert_eq!(lines(&traced), lines(&monitored));
    let expected = "\
request
  authorise
  checkout
    price
      tax
    stock
      shelf
    log
    receipt
      print
  checkout
    price
      tax
    stock
      shelf
    log
    receipt
      print
  reply
    log
";
    assert_eq!(traced.tree(), expected);
}

#[tokio::test]
async fn wrappers_and_spans_are_parents_and_children_of_each_other() {
    #[tracing::instrument(skip_all)]
    async fn order(State(db): State<MonitoredSqlitePool>) {
        let one = sqlx::query_scalar::<_, i64>("SELECT 1")
            .fetch_one(&db)
            .await;
        tracing::info!(one = one.unwrap(), "asked");
        EventTracker::new("pack").enter(|| tracing::info_span!("box").in_scope(|| {}));
    }
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let _layer = tracing::subscriber::set_default(subscriber());
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let routes = Router::new().route("/orders", post(order));
            let server = Server::start(routes.with_state(pool.monitored())).await;
            let answer = server.ask("POST /orders HTTP/1.1").await;
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            server.stop().await;
        })
        .await;
    // The database's own thread holds the span for a moment longer.
    let _ = recorder.wait_for("order", 1);
    let expected = "\
net-listener
  net-conn
http-wmux-servehttp
  order
    sql-wconn-queryctx
    sql-wpool-acquire
    log
    pack
      box
";
    assert_eq!(recorder.tree(), expected);
}

fn subscriber() -> impl tracing::Subscriber + Send + Sync {
    tracing_subscriber::registry().with(GomonLayer::new())
}

//! What the pages do, by their events.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use gomon::Outcome;
use gomon::testing::{
    assert_budget, assert_events, assert_no_orphans, assert_outcome, assert_queries, assert_tree,
    with_recorder_async,
};
use tower::ServiceExt;

use super::{Shop, router};
use crate::db;
use crate::jobs::Jobs;
use crate::scratch::Scratch;
use crate::stock::StockClient;

/// A shop whose stock service is not there.
async fn shop() -> (Router, Scratch) {
    let scratch = Scratch::new().unwrap();
    let db = db::open(&scratch.file("shop.db")).await.unwrap();
    let (jobs, _done) = Jobs::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stock = StockClient::new(nobody.local_addr().unwrap().port());
    (router(Shop { db, stock, jobs }), scratch)
}

async fn ask(shop: &Router, method: &str, path: &str, body: &'static str) -> StatusCode {
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header(COOKIE, "session=ada")
        .header(CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body)).unwrap();
    let response = shop.clone().oneshot(request).await.unwrap();
    let status = response.status();
    to_bytes(response.into_body(), usize::MAX).await.unwrap();
    status
}

#[tokio::test]
async fn a_product_page_takes_one_statement() {
    let (shop, _scratch) = shop().await;
    with_recorder_async(async |recorder| {
        assert_eq!(ask(&shop, "GET", "/products/7", "").await, StatusCode::OK);
        assert_tree!(
            recorder,
            r#"
            http-wmux-servehttp {route="/products/{id}", response_code=200}
              (any order)
              sql-wconn-queryctx {summary="SELECT products", rows-returned=1}
              sql-wpool-acquire
            "#
        );
        assert_budget!(recorder, queries == 1, events <= 3, allocations <= 200);
        assert_no_orphans!(recorder);
    })
    .await;
}

#[tokio::test]
async fn a_full_cart_is_read_in_one_statement_too() {
    let (shop, _scratch) = shop().await;
    for body in [
        r#"{"product": 1, "quantity": 2}"#,
        r#"{"product": 2, "quantity": 1}"#,
        r#"{"product": 3, "quantity": 1}"#,
    ] {
        let added = ask(&shop, "POST", "/cart", body).await;
        assert_eq!(added, StatusCode::CREATED);
    }
    with_recorder_async(async |recorder| {
        assert_eq!(ask(&shop, "GET", "/cart", "").await, StatusCode::OK);
        assert_queries!(recorder, == 1);
        assert_queries!(recorder, == 1, of "SELECT cart_lines *");
    })
    .await;
}

#[tokio::test]
async fn without_the_stock_service_a_checkout_begins_no_transaction() {
    let (shop, _scratch) = shop().await;
    let line = r#"{"product": 1, "quantity": 2}"#;
    assert_eq!(ask(&shop, "POST", "/cart", line).await, StatusCode::CREATED);
    with_recorder_async(async |recorder| {
        let payment = r#"{"credit_card": "4111", "email": "ada@example.com"}"#;
        let status = ask(&shop, "POST", "/checkout", payment).await;
        assert!(status.is_server_error(), "{status}");
        assert_outcome!(recorder, "http-roundtripper", Outcome::Failed);
        assert_outcome!(recorder, "http-wmux-servehttp", Outcome::Failed);
        assert_events!(recorder, == 0, of "conn-begintx");
        assert_queries!(recorder, == 1, of "SELECT *");
    })
    .await;
}

//! A live switch reaches what every wrapper records.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use gomon::http::MonitoringLayer;
use gomon::sql::{MonitoredDriver, MonitoredSqlitePool, PoolExt};
use gomon::switch::{self, Switch};
use gomon::testing::{Recorded, Recorder};
use http_body_util::BodyExt;
use sqlx::Row;
use sqlx::any::AnyPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use tower::ServiceExt;

async fn greet(
    State(db): State<MonitoredSqlitePool>,
    Path(user): Path<String>,
    said: String,
) -> String {
    gomon::current().set("user", user.as_str());
    let row = sqlx::query("SELECT ? AS name, 'x' AS password")
        .bind(user)
        .fetch_one(&db)
        .await;
    format!("{said}, {}", row.unwrap().get::<String, _>("name"))
}

/// Asks for each of these users, with this header; the events of the requests.
async fn ask(users: &[&str], header: &str) -> (Vec<Recorded>, Recorder) {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let app = Router::new()
                .route("/greet/{user}", post(greet))
                .with_state(pool.monitored())
                .layer(MonitoringLayer::new());
            for user in users {
                let request = axum::http::Request::post(format!("/greet/{user}"))
                    .header("content-type", "text/plain")
                    .header(header, "1")
                    .body(axum::body::Body::from("hello"))
                    .unwrap();
                let answer = app.clone().oneshot(request).await.unwrap();
                answer.into_body().collect().await.unwrap();
            }
        })
        .await;
    (recorder.find("http-wmux-servehttp"), recorder)
}

#[tokio::test]
async fn bodies_and_rows_are_recorded_for_one_user_alone() {
    let ada = Switch::new("bodies and rows")
        .route("/greet/*")
        .user("ada-1");
    ada.bodies(4).rows(5).turn_on().unwrap();
    let (requests, recorder) = ask(&["joe", "ada-1"], "x-any").await;
    assert!(switch::turn_off("bodies and rows"));
    let [joe, ada] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert!(joe.get("request_body").is_none() && joe.get("response_body").is_none());
    assert_eq!(
        (&joe["request_size"], joe.get("gomon:dropped")),
        (&5.into(), None)
    );
    // Known only once the request's body had passed.
    assert_eq!(
        (&ada["request_body"], &ada["response_body"]),
        (&"hell".into(), &"hell".into())
    );
    assert_eq!(ada["gomon:dropped"]["request_body"], 1);
    let rows = recorder.find("sql-wrows");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["rows"],
        serde_json::json!([["ada-1", "[redacted]"]])
    );
}

#[tokio::test]
async fn a_header_turns_it_on_for_a_request() {
    let debug = Switch::new("by header").header("x-debug-by-header", "1");
    debug.bodies(100).turn_on().unwrap();
    for (header, expected) in [("x-other", None), ("x-debug-by-header", Some("hello, joe"))] {
        let (requests, _) = ask(&["joe"], header).await;
        let body = requests[0].get("response_body");
        assert_eq!(body.and_then(|body| body.as_str()), expected);
    }
    assert!(switch::turn_off("by header"));
}

#[tokio::test]
async fn values_are_recorded_where_the_driver_has_them() {
    MonitoredDriver::auto_register().unwrap();
    let values = Switch::new("values").user("ada-2").fingerprint("sql-*");
    values.values().turn_on().unwrap();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let pool = AnyPoolOptions::new().max_connections(1);
            let pool = pool.connect("monitored-sqlite::memory:").await.unwrap();
            for user in ["joe", "ada-2"] {
                let mut job = gomon::EventTracker::new("job");
                job.set("user", user);
                let query = sqlx::query("SELECT ?, 7").bind(user);
                job.scope(query.fetch_one(&pool)).await.unwrap();
            }
        })
        .await;
    assert!(switch::turn_off("values"));
    let queries = recorder.find("sql-wconn-queryctx");
    let [joe, ada] = &queries[..] else {
        panic!("{queries:?}");
    };
    assert_eq!((joe.get("params"), &joe["params-count"]), (None, &1.into()));
    assert_eq!(joe["query"], "SELECT ?, ?");
    assert_eq!(ada["params"], serde_json::json!(["ada-2"]));
    assert_eq!(ada["query"], "SELECT ?, 7");
}

//! reqwest, monitored: where the time of each request went, and what its connection took.

use std::error::Error;
use std::time::Duration;

use axum::{Router, response::Redirect, routing::get};
use gomon::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .application_id("reqwest_client")
        .listener(memory.clone())
        .start()?;

    // A server that is not monitored, and takes its time.
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        "3 left"
    };
    let shop = Router::new()
        .route("/", get(|| async { Redirect::to("/stock") }))
        .route("/stock", get(slow));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://localhost:{}/", listener.local_addr()?.port());
    let server = tokio::spawn(gomon::http::serve(listener, shop).into_future());

    // Where reqwest is built with rustls and no provider of its own, it takes that of the process.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    // Same methods, same responses, same errors. The job is the parent of each hop.
    let client = reqwest::Client::builder().monitored()?;
    let mut job = EventTracker::new("nightly-job");
    let stock = job
        .scope(async { client.get(&url).send().await?.text().await })
        .await?;
    job.finish();
    server.abort();
    println!("{}", gomon.shutdown()); // delivers what is pending

    println!("{stock}");
    let calls: Vec<_> = memory
        .events()
        .into_iter()
        .filter(|event| event["gomon:fp"] == "http-roundtripper")
        .collect();
    for call in &calls {
        let phase = |from: &str, to: &str| {
            let at = |mark: &str| call[mark].as_u64().unwrap_or(0);
            Duration::from_nanos(at(to).saturating_sub(at(from)))
        };
        println!("GET {} {}", call["url"]["path"], call["response_code"]);
        println!("  used before: {}", call["reused"]);
        println!("  dns     {:?}", phase("dns-start", "dns-done"));
        println!("  connect {:?}", phase("conn-start", "conn-done"));
        println!("  server  {:?}", phase("wrote-request", "first-byte"));
        println!("  body    {:?}", phase("first-byte", "body-done"));
    }
    assert_eq!(calls.len(), 2, "the redirect, and where it leads");
    assert_eq!(calls[0]["parent"], calls[1]["parent"]);
    Ok(())
}

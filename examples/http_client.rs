//! A monitored HTTP client: each request is an event, and the server is told which one caused it.

use std::error::Error;

use axum::{Router, http::HeaderMap, routing::get};
use bytes::Bytes;
use gomon::http::MonitoredRequestBody;
use gomon::prelude::*;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower_layer::Layer;
use tower_service::Service;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .application_id("http_client")
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;

    // A server that is not monitored and answers with what it was told.
    let echo = Router::new().route(
        "/",
        get(|headers: HeaderMap| async move {
            headers
                .get("traceparent")
                .map_or_else(String::new, |value| value.to_str().unwrap_or("").to_owned())
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let server = tokio::spawn(gomon::http::serve(listener, echo).into_future());

    let plain: Client<_, MonitoredRequestBody<Empty<Bytes>>> =
        Client::builder(TokioExecutor::new()).build_http();
    let mut client = ClientLayer::new().layer(plain);

    // The job is the current event while its future runs, so the request is its child.
    let mut job = EventTracker::new("nightly-job");
    let request = axum::http::Request::get(&url).body(Empty::new())?;
    let told = job
        .scope(async {
            let answer = client.call(request).await?;
            Ok::<_, Box<dyn Error>>(answer.into_body().collect().await?.to_bytes())
        })
        .await?;
    job.finish();
    server.abort();
    println!("{}", gomon.shutdown()); // delivers what is pending

    let event = memory.wait_for(std::time::Duration::ZERO, |event| {
        event["gomon:fp"] == "http-roundtripper"
    });
    let event = event.ok_or("no event of the request")?;
    println!("the server was told {}", String::from_utf8_lossy(&told));
    let id = event["id"].as_str().unwrap_or_default().replace('-', "");
    assert!(
        String::from_utf8_lossy(&told).contains(&id[16..]),
        "the event's id ends with the span id"
    );
    assert_eq!(event["response_code"], 200);
    Ok(())
}

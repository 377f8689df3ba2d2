//! reqwest-middleware: each attempt below a middleware that retries.

use std::time::Duration;

use gomon_core::EventTracker;
use gomon_core::testing::{Recorder, assert_tree};
use gomon_http::{ConnectorLayer, MonitoringMiddleware};
use http::Extensions;
use reqwest::{Client, Request, Response};
use reqwest_middleware::{ClientBuilder, Middleware, Next, Result};
use rustls::ClientConfig;

use crate::server::{Delays, Server};

/// Tries three times in all.
struct Stubborn;

#[async_trait::async_trait]
impl Middleware for Stubborn {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        for _ in 0..2 {
            let again = request.try_clone().expect("no stream");
            next.clone().run(again, extensions).await.ok();
        }
        next.run(request, extensions).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_is_an_event_and_counts() {
    let server = Server::plain(Delays::default()).await;
    let client = Client::builder()
        .tls_backend_preconfigured(ClientConfig::clone(&server.trust))
        .timeout(Duration::from_secs(60))
        .connector_layer(ConnectorLayer::new())
        .build()
        .expect("a client");
    let client = ClientBuilder::new(client)
        .with(Stubborn)
        .with(MonitoringMiddleware::new().with_phases())
        .build();
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut job = EventTracker::new("job");
            job.scope(async {
                let url = format!("http://{}/status/503", server.address);
                let answer = client.get(url).send().await.expect("answered");
                assert_eq!(answer.text().await.expect("read"), "answer");
            })
            .await;
        })
        .await;
    assert_tree!(
        recorder,
        "
        job
          http-roundtripper failed {attempt=1, response_code=503}
            ..
          http-roundtripper failed {attempt=2, response_code=503}
            ..
          http-roundtripper failed {attempt=3, response_code=503}
            ..
        "
    );
}

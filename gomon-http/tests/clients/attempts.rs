//! Attempts: siblings that are counted.

use std::convert::Infallible;

use bytes::Bytes;
use gomon_core::EventTracker;
use gomon_core::testing::{Recorder, assert_tree};
use gomon_http::{Attempts, ClientLayer, MonitoredBody, MonitoredRequestBody};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::retry::Policy;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::get;

/// Again, as long as the server is busy.
#[derive(Clone)]
struct WhileBusy;

type Answer = Response<MonitoredBody<Full<Bytes>>>;

impl Policy<Request<Full<Bytes>>, Answer, Infallible> for WhileBusy {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Full<Bytes>>,
        result: &mut Result<Answer, Infallible>,
    ) -> Option<Self::Future> {
        let busy = matches!(result, Ok(answer) if answer.status() == 503);
        busy.then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn attempts_are_siblings_and_are_counted() {
    let mut busy = 2;
    let far = move |_: Request<MonitoredRequestBody<Full<Bytes>>>| {
        let mut answer = Response::new(Full::<Bytes>::default());
        if busy > 0 {
            busy -= 1;
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        std::future::ready(Ok::<_, Infallible>(answer))
    };
    let client = ServiceBuilder::new()
        .layer(Attempts::new())
        .retry(WhileBusy)
        .layer(ClientLayer::new())
        .service(Cloned::new(far));
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut job = EventTracker::new("job");
            let call = client.oneshot(get("http://stock.example/"));
            job.scope(call).await.expect("answered");
        })
        .await;
    assert_tree!(
        recorder,
        "
        job
          http-roundtripper failed {attempt=1, response_code=503}
          http-roundtripper failed {attempt=2, response_code=503}
          http-roundtripper {attempt=3, response_code=200}
        "
    );
}

/// A service that is cloned for each attempt and is one all the same.
struct Cloned<F>(std::sync::Arc<std::sync::Mutex<F>>);

impl<F> Cloned<F> {
    fn new(call: F) -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new(call)))
    }
}

impl<F> Clone for Cloned<F> {
    fn clone(&self) -> Self {
        Self(std::sync::Arc::clone(&self.0))
    }
}

impl<F, Q, R: Future<Output = Result<T, E>>, T, E> tower::Service<Q> for Cloned<F>
where
    F: FnMut(Q) -> R,
{
    type Response = T;
    type Error = E;
    type Future = R;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Q) -> R {
        let mut call = self.0.lock().expect("not poisoned");
        call(request)
    }
}

//! The visitors' HTTP client: not monitored, so that every event is the shop's own.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, USER_AGENT};
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use super::journey::{Origin, Patience, SECRET, Step};

/// Sends steps to one address.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HyperClient<HttpConnector, Full<Bytes>>,
    target: SocketAddr,
}

/// How a request ended for the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered(StatusCode),
    /// The visitor went away first, as planned.
    GivenUp,
    /// No answer, or half of one.
    Broken,
}

impl Client {
    pub(crate) fn new(target: SocketAddr) -> Self {
        Self {
            http: HyperClient::builder(TokioExecutor::new()).build_http(),
            target,
        }
    }

    /// Sends `step` as the visitor of `session`. `serial` is unlike that of any other request of
    /// this run.
    pub(crate) async fn send(&self, step: &Step, session: &str, serial: u64) -> Ending {
        let limit = match step.patience {
            Patience::Short(limit) => limit,
            Patience::Whole | Patience::Pieces(_) => LONGEST,
        };
        match timeout(limit, self.exchange(step, session, serial)).await {
            Ok(Ok(ending)) => ending,
            Ok(Err(_)) => Ending::Broken,
            Err(_) => Ending::GivenUp,
        }
    }

    async fn exchange(
        &self,
        step: &Step,
        session: &str,
        serial: u64,
    ) -> Result<Ending, Box<dyn Error + Send + Sync>> {
        let mut request = Request::builder()
            .method(step.method.clone())
            .uri(format!("http://{}{}", self.target, step.path))
            .header(USER_AGENT, "gomon-shop-visitor/1")
            .header(COOKIE, format!("theme=dark; session={session}"))
            .header(AUTHORIZATION, format!("Bearer {SECRET}-{serial}"));
        if step.origin == Origin::Upstream {
            request = request.header("traceparent", traceparent(serial));
        }
        if step.json.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = step.json.clone().map(Bytes::from).unwrap_or_default();
        let response = self.http.request(request.body(Full::new(body))?).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut pieces = 0;
        while let Some(frame) = body.frame().await {
            frame?;
            pieces += 1;
            if step.patience == Patience::Pieces(pieces) {
                return Ok(Ending::GivenUp);
            }
        }
        Ok(Ending::Answered(status))
    }
}

/// As a gateway before the shop would send it.
fn traceparent(serial: u64) -> String {
    let process = u64::from(std::process::id());
    format!(
        "00-{:016x}{:016x}-{:016x}-01",
        0x5a0f_0000_0000_0000 | process,
        serial + 1,
        serial + 1
    )
}

/// A visitor that waits longer has found a bug.
const LONGEST: Duration = Duration::from_secs(10);

//! How the shop calls the stock service.

use std::fmt;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use gomon::http::{ClientLayer, ClientService, MonitoredRequestBody};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, ServiceExt};

use crate::routes::CartLine;

/// A client of the service on one port of this machine.
#[derive(Clone, Debug)]
pub(crate) struct StockClient {
    http: ClientService<Client<HttpConnector, MonitoredRequestBody<Full<Bytes>>>>,
    reserve: String,
}

/// Why nothing was reserved.
#[derive(Debug)]
pub(crate) enum StockError {
    /// The request could not be built or its lines not be written.
    Request(Box<dyn std::error::Error + Send + Sync>),
    /// No answer.
    Transport(Box<dyn std::error::Error + Send + Sync>),
    /// An answer, but not the one hoped for.
    Refused(StatusCode),
}

impl fmt::Display for StockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(cause) | Self::Transport(cause) => cause.fmt(f),
            Self::Refused(status) => write!(f, "the stock service answered {status}"),
        }
    }
}

impl StockClient {
    pub(crate) fn new(port: u16) -> Self {
        Self {
            // Sends the caller's context along, so that the service's events are children of ours.
            http: ClientLayer::new().layer(Client::builder(TokioExecutor::new()).build_http()),
            reserve: format!("http://127.0.0.1:{port}/reserve"),
        }
    }

    /// Sets the pieces of `lines` aside.
    ///
    /// # Errors
    /// No answer, or another one than 200.
    pub(crate) async fn reserve(&self, lines: &[CartLine]) -> Result<(), StockError> {
        let body = serde_json::to_vec(lines).map_err(|error| StockError::Request(error.into()))?;
        let request = Request::post(&self.reserve)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|error| StockError::Request(error.into()))?;
        let response = self
            .http
            .clone()
            .oneshot(request)
            .await
            .map_err(|error| StockError::Transport(error.into()))?;
        let status = response.status();
        // Read to the end, so that the connection serves the next call too.
        response
            .into_body()
            .collect()
            .await
            .map_err(|error| StockError::Transport(error.into()))?;
        if status == StatusCode::OK {
            Ok(())
        } else {
            Err(StockError::Refused(status))
        }
    }
}

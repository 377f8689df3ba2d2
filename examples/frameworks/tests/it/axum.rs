//! axum, with its own server.

use std::net::SocketAddr;

use ::axum::Router;
use ::axum::extract::{Request, State};
use ::axum::http::StatusCode;
use ::axum::middleware::{Next, from_fn};
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::any;
use tokio::time::timeout;

use crate::framework::{Framework, Layers, Socket, Stop};
use crate::script::{Script, patience};
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::{self, layer, tokio_listener};

pub(crate) struct Axum;

impl Framework for Axum {
    const NAME: &'static str = "axum";
    const ROUTE: Option<&'static str> = Some("/users/{id}");

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        let listener = socket.listener();
        let app = app(script, layers).into_make_service_with_connect_info::<SocketAddr>();
        let server = ::axum::serve(tokio_listener(listener), app);
        server.with_graceful_shutdown(stop).await.expect("served");
    }
}

fn app(script: Script, layers: Layers) -> Router {
    let mut app = pages(script).layer(layer());
    if layers == Layers::Two {
        app = app.layer(layer());
    }
    app.layer(from_fn(impatient))
}

/// The script as a router.
pub(crate) fn pages(script: Script) -> Router {
    Router::new()
        .route("/{page}", any(handler))
        .route("/users/{id}", any(handler))
        .with_state(script)
}

async fn handler(State(script): State<Script>, request: Request) -> Response {
    match tower::answer(script, request).await {
        Ok(answer) => answer.map(::axum::body::Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn impatient(request: Request, next: Next) -> Response {
    let patience = patience(request.uri().path());
    let answer = timeout(patience, next.run(request)).await;
    answer.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

#[test]
fn requests_under_axum_end_as_the_contract_says() {
    column::<Axum>();
}

#[test]
fn an_event_under_axum_says_what_happened() {
    says_what_happened::<Axum>();
}

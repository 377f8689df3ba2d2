//! poem, with its own server.

use std::sync::Arc;

use ::poem::endpoint::make;
use ::poem::http::StatusCode;
use ::poem::listener::TcpAcceptor;
use ::poem::{Body, Endpoint, EndpointExt, Error, Request, Response, Result, Route, Server};
use tokio::time::timeout;

use crate::framework::{Exception, Framework, Layers, Socket, Stop};
use crate::script::{self, Answer, HEADERS, Script, patience};
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::layer;

pub(crate) struct Poem;

impl Framework for Poem {
    const NAME: &'static str = "poem";
    const ROUTE: Option<&'static str> = Some("/users/{id}");

    fn exception(scenario: &str) -> Option<Exception> {
        (scenario == "client gone before the answer").then_some(Exception {
            outcome: Some("completed or truncated"),
            reason: "poem's server goes on with a connection of HTTP/1 that has failed: the handler runs to its end",
        })
    }

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        let listener = socket.listener();
        let pages = Arc::new(make(move |request| page(script.clone(), request)));
        let app = Route::new()
            .at("/users/:id", Arc::clone(&pages))
            .at("/upgrade", make(upgrade))
            .at("/:page", pages)
            .with(layer())
            .with_if(layers == Layers::Two, layer())
            .around(async |endpoint, request: Request| {
                let patience = patience(request.uri().path());
                let called = timeout(patience, endpoint.call(request)).await;
                called.map_err(|elapsed| Error::new(elapsed, StatusCode::SERVICE_UNAVAILABLE))?
            });
        let acceptor = TcpAcceptor::from_std(listener).expect("a listener");
        let server = Server::new_with_acceptor(acceptor);
        server
            .run_with_graceful_shutdown(app, stop, None)
            .await
            .expect("served");
    }
}

async fn page(script: Script, mut request: Request) -> Result<Response> {
    let upload = request.take_body().into_bytes_stream();
    let page = request.uri().path().rsplit('/').next().unwrap_or_default();
    let answer = script.answer(page, upload).await;
    let answer = answer.map_err(|error| Error::new(error, StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(response(answer))
}

fn response(answer: Answer) -> Response {
    let mut response = Response::builder();
    for (name, value) in HEADERS {
        response = response.header(name, value);
    }
    let status = StatusCode::from_u16(answer.status).expect("a status");
    response.status(status).body(match answer.body {
        script::Body::None => Body::empty(),
        script::Body::Text(text) => Body::from(text),
        script::Body::Stream(chunks) => Body::from_bytes_stream(chunks),
    })
}

async fn upgrade(request: Request) -> Result<Response> {
    let upgrade = request.take_upgrade()?;
    tokio::spawn(async move { script::echo(upgrade.await.map_err(std::io::Error::other)?).await });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    Ok(response.header("upgrade", "websocket").finish())
}

#[test]
fn requests_under_poem_end_as_the_contract_says() {
    column::<Poem>();
}

#[test]
fn an_event_under_poem_says_what_happened() {
    says_what_happened::<Poem>();
}

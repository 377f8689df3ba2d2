//! warp, as a service below the layer.

use std::future::IntoFuture;

use ::hyper::upgrade::OnUpgrade;
use ::tower::Layer;
use ::warp::path::FullPath;
use ::warp::reject::Reject;
use ::warp::reply::Response;
use ::warp::{Buf, Filter, Rejection, Reply};
use futures_util::{Stream, StreamExt};
use gomon::http::serve;
use http::StatusCode;
use hyper_util::rt::TokioIo;

use crate::framework::{Framework, Layers, Socket, Stop};
use crate::script::{self, Answer, HEADERS, Locked, Script};
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::{Impatient, layer, tokio_listener};

pub(crate) struct Warp;

impl Framework for Warp {
    const NAME: &'static str = "warp";
    const ROUTE: Option<&'static str> = None;

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        let listener = socket.listener();
        let upgrade = ::warp::path("upgrade").and(::warp::ext::get()).map(upgrade);
        let script = ::warp::any().map(move || script.clone());
        let pages = script
            .and(::warp::path::full())
            .and(::warp::body::stream())
            .and_then(page);
        let service = ::warp::service(upgrade.or(pages));
        let (listener, service) = (tokio_listener(listener), layer().layer(service));
        match layers {
            Layers::One => {
                let server = serve(listener, Impatient(service));
                server.with_graceful_shutdown(stop).into_future().await
            }
            Layers::Two => {
                let server = serve(listener, layer().layer(service));
                server.with_graceful_shutdown(stop).into_future().await
            }
        }
        .expect("served");
    }
}

async fn page<B: Buf>(
    script: Script,
    path: FullPath,
    upload: impl Stream<Item = Result<B, ::warp::Error>>,
) -> Result<Response, Rejection> {
    let page = path.as_str().rsplit('/').next().unwrap_or_default();
    let upload = upload.map(|chunk| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining())));
    let answer = script.answer(page, upload).await;
    Ok(response(answer.map_err(::warp::reject::custom)?))
}

fn response(answer: Answer) -> Response {
    let mut response = match answer.body {
        script::Body::Text(text) => text.into_response(),
        body => ::warp::reply::stream(body.into_stream()).into_response(),
    };
    *response.status_mut() = StatusCode::from_u16(answer.status).expect("a status");
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, http::HeaderValue::from_static(value));
    }
    response
}

fn upgrade(upgrade: OnUpgrade) -> Response {
    tokio::spawn(async move {
        let io = upgrade.await.expect("upgraded");
        script::echo(TokioIo::new(io)).await
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    // Not a WebSocket, whatever was asked for: `serve` would read its frames.
    let echo = http::HeaderValue::from_static("echo");
    response.headers_mut().insert(http::header::UPGRADE, echo);
    response
}

impl Reject for Locked {}

#[test]
fn requests_under_warp_end_as_the_contract_says() {
    column::<Warp>();
}

#[test]
fn an_event_under_warp_says_what_happened() {
    says_what_happened::<Warp>();
}

//! A server that lets its clients down.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::clients::Body;
use crate::support::BoxError;

/// Where it is, and a note whenever a request has come.
#[derive(Clone)]
pub(super) struct Fickle {
    pub(super) address: SocketAddr,
    pub(super) came: Arc<Notify>,
}

impl Fickle {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("address");
        let came = Arc::new(Notify::new());
        let noted = Arc::clone(&came);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let came = Arc::clone(&noted);
                let service = service_fn(move |request| answer(request, Arc::clone(&came)));
                tokio::spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let served = builder.serve_connection(TokioIo::new(stream), service);
                    // How a connection ends is its clients' affair.
                    served.await.ok();
                });
            }
        });
        Self { address, came }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }
}

async fn answer(request: Request<Incoming>, came: Arc<Notify>) -> Result<Response<Body>, BoxError> {
    let (head, body) = request.into_parts();
    came.notify_one();
    let mut response = match head.uri.path() {
        "/never" => pending().await,
        "/gone" => return Err("gone".into()),
        "/hang" => streaming(stream::once(pending())),
        "/reset" => streaming(stream::once(async {
            // The first chunk is on its way before the connection breaks.
            tokio::task::yield_now().await;
            Err(io::Error::other("broken"))
        })),
        _ => {
            body.collect().await?;
            Response::new(full("answer"))
        }
    };
    match head.uri.path() {
        "/empty" => {
            *response.body_mut() = full("");
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        "/busy" => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
        "/moved" => {
            *response.body_mut() = full("");
            *response.status_mut() = StatusCode::FOUND;
            let location = header::HeaderValue::from_static("/");
            response.headers_mut().insert(header::LOCATION, location);
        }
        _ => {}
    }
    Ok(response)
}

fn full(text: &'static str) -> Body {
    let body = Full::new(Bytes::from_static(text.as_bytes()));
    body.map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

fn streaming<S>(rest: S) -> Response<Body>
where
    S: stream::Stream<Item = Result<Frame<Bytes>, io::Error>> + Send + 'static,
{
    let first = stream::iter([Ok(Frame::data(Bytes::from_static(b"first")))]);
    Response::new(StreamBody::new(first.chain(rest)).boxed_unsync())
}

//! tonic: the layer goes on its server. The service is written by hand, where a program has it from its `.proto` file.
//!
//! Run it with `cargo run -p frameworks --example tonic`.

use std::convert::Infallible;
use std::error::Error;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::{Ready, ready};
use gomon::LogListener;
use gomon::http::MonitoringLayer;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = Server::builder()
        .layer(MonitoringLayer::new())
        .add_service(Users);

    // A program would await the server: this one asks it once, and ends.
    let server = gomon::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let request = Request::post(format!("http://{address}/shop.Users/Name"))
        .header("content-type", "application/grpc")
        .body(Full::new(EMPTY))?;
    let answer = client.request(request).await?.into_body().collect().await?;
    println!(
        "grpc-status: {:?}",
        answer.trailers().and_then(|all| all.get("grpc-status"))
    );
    server.abort();
    Ok(())
}

/// Answers each call with an empty message.
#[derive(Clone)]
struct Users;

impl NamedService for Users {
    const NAME: &'static str = "shop.Users";
}

impl tower::Service<Request<Body>> for Users {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let status = HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from(0))]);
        let frames = [Frame::data(EMPTY), Frame::trailers(status)].map(Ok::<_, Infallible>);
        let body = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
        ready(Ok(Response::new(body)))
    }
}

/// A message of no bytes: not compressed, and its length.
const EMPTY: Bytes = Bytes::from_static(&[0; 5]);

const GRPC_STATUS: http::HeaderName = http::HeaderName::from_static("grpc-status");

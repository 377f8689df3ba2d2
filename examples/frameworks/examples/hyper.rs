//! hyper alone: the layer goes round any tower service.
//!
//! Run it with `cargo run -p frameworks --example hyper`.

mod ask;

use std::convert::Infallible;
use std::error::Error;

use gomon::LogListener;
use gomon::http::{MonitoredRequestBody, MonitoringLayer};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let service = ServiceBuilder::new()
        .layer(MonitoringLayer::new())
        .service(service_fn(user));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;

    // A program would accept for ever: this one asks itself once, and ends.
    let server = gomon::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let connection = Builder::new(TokioExecutor::new());
        let service = TowerToHyperService::new(service);
        connection
            .serve_connection(TokioIo::new(stream), service)
            .await
    });
    println!("{}", ask::get(address, "/users/7").await?);
    server.abort();
    Ok(())
}

async fn user(_: Request<MonitoredRequestBody<Incoming>>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("Ada".to_owned()))
}

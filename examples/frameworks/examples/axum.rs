//! axum: the layer goes on the router, where it finds the route.
//!
//! Run it with `cargo run -p frameworks --example axum`.

mod ask;

use std::error::Error;

use axum::Router;
use axum::routing::get;
use gomon::LogListener;
use gomon::http::{MonitoringLayer, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let app = Router::new()
        .route("/users/{id}", get(async || "Ada"))
        .layer(MonitoringLayer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;

    // A program would await the server: this one asks it once, and ends.
    let server = gomon::spawn(serve(listener, app).into_future());
    println!("{}", ask::get(address, "/users/7").await?);
    server.abort();
    Ok(())
}

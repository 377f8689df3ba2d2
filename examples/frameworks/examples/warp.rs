//! warp: the layer goes round the service that the filters make.
//!
//! Run it with `cargo run -p frameworks --example warp`.

mod ask;

use std::error::Error;

use gomon::LogListener;
use gomon::http::{MonitoringLayer, serve};
use tokio::net::TcpListener;
use tower::Layer;
use warp::Filter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let users = warp::path!("users" / u64).map(|_| "Ada");
    let service = MonitoringLayer::new().layer(warp::service(users));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;

    // A program would await the server: this one asks it once, and ends.
    let server = gomon::spawn(serve(listener, service).into_future());
    println!("{}", ask::get(address, "/users/7").await?);
    server.abort();
    Ok(())
}

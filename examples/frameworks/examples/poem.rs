//! poem: the layer is a middleware of the endpoint.
//!
//! Run it with `cargo run -p frameworks --example poem`.

mod ask;

use std::error::Error;

use gomon::LogListener;
use gomon::http::MonitoringLayer;
use poem::endpoint::make_sync;
use poem::listener::TcpAcceptor;
use poem::{EndpointExt, Route, Server};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let app = Route::new()
        .at("/users/:id", make_sync(|_| "Ada"))
        .with(MonitoringLayer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;

    // A program would await the server: this one asks it once, and ends.
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
    let server = gomon::spawn(server.run(app));
    println!("{}", ask::get(address, "/users/7").await?);
    server.abort();
    Ok(())
}

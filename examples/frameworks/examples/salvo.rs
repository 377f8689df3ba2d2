//! salvo: the layer is a hoop of the router.
//!
//! Run it with `cargo run -p frameworks --example salvo`.

mod ask;

use std::error::Error;

use gomon::LogListener;
use gomon::http::MonitoringLayer;
use salvo::conn::tcp::TcpAcceptor;
use salvo::{Router, Server, handler};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let app = Router::new()
        .hoop(MonitoringLayer::new())
        .push(Router::with_path("users/{id}").get(user));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;

    // A program would await the server: this one asks it once, and ends.
    let server = gomon::spawn(Server::new(TcpAcceptor::try_from(listener)?).serve(app));
    println!("{}", ask::get(address, "/users/7").await?);
    server.abort();
    Ok(())
}

#[handler]
async fn user() -> &'static str {
    "Ada"
}

//! actix-web: the layer is a middleware of the app.
//!
//! Run it with `cargo run -p frameworks --example actix`.

mod ask;

use std::error::Error;

use actix_web::{App, HttpServer, web};
use gomon::LogListener;
use gomon::http::MonitoringLayer;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let server = HttpServer::new(|| {
        App::new()
            .route("/users/{id}", web::get().to(async || "Ada"))
            .wrap(MonitoringLayer::new())
    });
    // A client that leaves while a handler runs is seen at once.
    let server = server
        .workers(1)
        .h1_allow_half_closed(false)
        .bind("127.0.0.1:0")?;
    let address = server.addrs()[0];

    // A program would await the server: this one asks it once, and ends.
    let server = server.run();
    let handle = server.handle();
    let server = gomon::spawn_local(server);
    println!("{}", ask::get(address, "/users/7").await?);
    handle.stop(true).await;
    server.await??;
    Ok(())
}

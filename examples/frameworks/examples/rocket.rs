//! rocket: the layer is a fairing, and monitored routes run as part of the event.
//!
//! Run it with `cargo run -p frameworks --example rocket`.

mod ask;

use std::error::Error;
use std::net::SocketAddr;

use gomon::LogListener;
use gomon::http::MonitoringLayer;
use gomon::http::rocket::RoutesExt;
use rocket::fairing::AdHoc;
use rocket::{Config, get, routes};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _gomon = gomon::builder().listener(LogListener::stdout()).start()?;
    let (listening, mut listens) = mpsc::channel(1);
    let config = Config {
        port: 0,
        ..Config::release_default()
    };
    let app = rocket::custom(config)
        .attach(MonitoringLayer::new())
        .attach(AdHoc::on_liftoff("says its port", move |rocket| {
            let port = rocket.config().port;
            Box::pin(async move { listening.send(port).await.unwrap_or_default() })
        }))
        .mount("/", routes![user].monitored());
    let app = app.ignite().await?;
    let shutdown = app.shutdown();

    // A program would await the server: this one asks it once, and ends.
    let server = gomon::spawn(app.launch());
    let port = listens.recv().await.unwrap_or_default();
    println!(
        "{}",
        ask::get(SocketAddr::from(([127, 0, 0, 1], port)), "/users/7").await?
    );
    shutdown.notify();
    server.await??;
    Ok(())
}

#[get("/users/<_id>")]
fn user(_id: u64) -> &'static str {
    "Ada"
}

//! The program `shop stock`: reserves what the shop sells.

use std::error::Error;
use std::io::{self, Read, Write};

use axum::routing::post;
use axum::{Json, Router};
use gomon::http::MonitoringLayer;
use gomon::net::MonitoredTcpListener;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::StockArgs;
use crate::{monitoring, say};

/// Serves until standard input closes, then flushes.
///
/// # Errors
/// No port, no file for the events.
pub(crate) fn run(args: &StockArgs) -> Result<(), Box<dyn Error>> {
    let gomon = monitoring::of_stock(args)?;
    let served = serve_on_a_runtime();
    say(&format!("stock: {}", gomon.shutdown()));
    served
}

fn serve_on_a_runtime() -> Result<(), Box<dyn Error>> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    // Registered and never read: a signal sent to the whole process group, as a terminal and
    // `timeout` do, reaches this process too, and must not end it before the shop has made its last
    // call.
    let _ignored = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let listener = MonitoredTcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout().lock(), "{}", listener.local_addr()?.port())?;
    let closed = standard_input_closed()?;
    let no_more_calls = async {
        let _ = closed.await;
    };
    Ok(gomon::http::serve(listener, router())
        .with_graceful_shutdown(no_more_calls)
        .await?)
}

fn router() -> Router {
    Router::new()
        .route("/reserve", post(reserve))
        .layer(MonitoringLayer::new())
}

/// What the shop asks for.
#[derive(Debug, Deserialize)]
struct Wanted {
    quantity: i64,
}

/// What it gets.
#[derive(Debug, Serialize)]
struct Reserved {
    pieces: i64,
}

/// `POST /reserve`
async fn reserve(Json(wanted): Json<Vec<Wanted>>) -> Json<Reserved> {
    Json(Reserved {
        pieces: wanted.iter().map(|line| line.quantity).sum(),
    })
}

/// A thread, because a read of standard input cannot be cancelled and would hold the runtime's
/// shutdown up.
fn standard_input_closed() -> io::Result<oneshot::Receiver<()>> {
    let (closed, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("stock-stdin".into())
        .spawn(move || {
            let mut ignored = [0; 64];
            while matches!(io::stdin().lock().read(&mut ignored), Ok(1..)) {}
            let _ = closed.send(());
        })?;
    Ok(receiver)
}

//! A monitored axum server: its requests come out as events that name their connection.

use std::error::Error;

use axum::extract::Path;
use axum::{Router, http::StatusCode, routing::get};
use gomon::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .application_id("http_server")
        .capture(Capture::full())
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;

    let app = Router::new()
        .route("/users/{id}", get(user))
        .layer(MonitoringLayer::new());
    let listener = MonitoredTcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = gomon::http::serve(listener, app).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());

    assert!(ask(address, "/users/7").await?.ends_with("user 7"));
    assert!(ask(address, "/users/0").await?.starts_with("HTTP/1.1 404"));
    drop(stop);
    server.await??;
    println!("{}", gomon.shutdown()); // delivers what is pending

    let requests: Vec<_> = memory
        .events()
        .into_iter()
        .filter(|event| event["gomon:fp"] == "http-wmux-servehttp")
        .collect();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["route"], "/users/{id}");
    assert!(requests[0]["conn"].is_string());
    Ok(())
}

async fn user(Path(id): Path<u64>) -> Result<String, StatusCode> {
    if id == 0 {
        Err(StatusCode::NOT_FOUND)
    } else {
        Ok(format!("user {id}"))
    }
}

/// One request by hand, so that nothing but the server is monitored.
async fn ask(address: std::net::SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

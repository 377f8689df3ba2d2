//! Routes that end in other ways than most: in a stream, in an error, in a panic, never.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::sse::{self, Sse};
use futures_util::stream::{self, Stream};

use crate::error::Error;

/// What the panicking route says.
pub(crate) const PANIC_MESSAGE: &str = "this route panics on purpose";

/// `GET /`
pub(crate) async fn home() -> &'static str {
    "products: /products   search: /search?q=lamp   cart: /cart\n"
}

/// `GET /export`: a body that comes in several pieces, to its end.
pub(crate) async fn export() -> impl IntoResponse {
    let lines = stream::unfold(0, |line| async move {
        if line == EXPORT_LINES {
            return None;
        }
        gomon::time::sleep(PAUSE).await;
        Some((
            Ok::<_, Infallible>(Bytes::from(format!("line;{line}\n"))),
            line + 1,
        ))
    });
    ([(CONTENT_TYPE, "text/csv")], Body::from_stream(lines))
}

/// `GET /feed`: server-sent events without end; it ends when the client goes away.
pub(crate) async fn feed() -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    Sse::new(stream::unfold(0_u64, |count| async move {
        gomon::time::sleep(PAUSE).await;
        Some((Ok(sse::Event::default().data(count.to_string())), count + 1))
    }))
}

/// `GET /fail`
pub(crate) async fn fail() -> Error {
    Error::Broken
}

/// `GET /panic`
pub(crate) async fn panic() -> Error {
    panic!("{PANIC_MESSAGE}")
}

/// `GET /hang`: never answers; the request ends when the client gives up.
pub(crate) async fn hang() {
    gomon::time::sleep(LONGER_THAN_ANYBODY_WAITS).await;
}

const EXPORT_LINES: u32 = 5;

const LONGER_THAN_ANYBODY_WAITS: Duration = Duration::from_secs(3_600);
const PAUSE: Duration = Duration::from_millis(3);

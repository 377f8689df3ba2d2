//! What a handler can fail with, and the response it becomes.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::stock::StockError;

/// A request that cannot be served.
#[derive(Debug)]
pub(crate) enum Error {
    /// No such product.
    NotFound,
    /// The request needs a `session` cookie.
    NoSession,
    /// Nothing to check out.
    EmptyCart,
    /// The database said no.
    Database(sqlx::Error),
    /// The stock service said no, or nothing.
    Stock(StockError),
    /// The route that always fails.
    Broken,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StockError> for Error {
    fn from(error: StockError) -> Self {
        Self::Stock(error)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such product"),
            Self::NoSession => f.write_str("no session cookie"),
            Self::EmptyCart => f.write_str("the cart is empty"),
            Self::Database(_) => f.write_str("the database is in trouble"),
            Self::Stock(_) => f.write_str("the stock service is in trouble"),
            Self::Broken => f.write_str("this route is broken on purpose"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        // The client learns no more than it must; the event says why.
        match &self {
            Self::Database(cause) => gomon::current().set("cause", cause.to_string()),
            Self::Stock(cause) => gomon::current().set("cause", cause.to_string()),
            Self::NotFound | Self::NoSession | Self::EmptyCart | Self::Broken => {}
        }
        let status = match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoSession => StatusCode::UNAUTHORIZED,
            Self::EmptyCart => StatusCode::CONFLICT,
            Self::Database(_) | Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Stock(_) => StatusCode::BAD_GATEWAY,
        };
        (status, self.to_string()).into_response()
    }
}

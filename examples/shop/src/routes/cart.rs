//! The cart of a session.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::db::Db;
use crate::error::Error;
use crate::routes::Shop;
use crate::routes::session::Session;

/// Some pieces of one product.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CartLine {
    pub(crate) product: i64,
    pub(crate) quantity: i64,
    pub(crate) price_cents: i64,
}

/// The body of `POST /cart`.
#[derive(Debug, Deserialize)]
pub(crate) struct Addition {
    product: i64,
    quantity: i64,
}

/// `GET /cart`
pub(crate) async fn view(
    State(shop): State<Shop>,
    Session(session): Session,
) -> Result<Json<Vec<CartLine>>, Error> {
    Ok(Json(lines(&shop.db, &session).await?))
}

/// `POST /cart`
pub(crate) async fn add(
    State(shop): State<Shop>,
    Session(session): Session,
    Json(addition): Json<Addition>,
) -> Result<StatusCode, Error> {
    sqlx::query(
        "INSERT INTO cart_lines (session, product_id, quantity) VALUES (?, ?, ?) \
         ON CONFLICT (session, product_id) DO UPDATE SET quantity = quantity + excluded.quantity",
    )
    .bind(&session)
    .bind(addition.product)
    .bind(addition.quantity)
    .execute(&shop.db)
    .await?;
    Ok(StatusCode::CREATED)
}

/// What is in the cart of `session`, by product.
pub(crate) async fn lines(db: &Db, session: &str) -> Result<Vec<CartLine>, sqlx::Error> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT c.product_id, c.quantity, p.price_cents FROM cart_lines c \
         JOIN products p ON p.id = c.product_id \
         WHERE c.session = ? ORDER BY c.product_id",
    )
    .bind(session)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(product, quantity, price_cents)| CartLine {
            product,
            quantity,
            price_cents,
        })
        .collect())
}

//! Buying what is in the cart: a query, a call to the stock service, a price, a transaction, a job.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::db::Db;
use crate::error::Error;
use crate::pricing;
use crate::routes::Shop;
use crate::routes::cart::{self, CartLine};
use crate::routes::session::Session;

/// The body of `POST /checkout`.
#[derive(Debug, Deserialize)]
pub(crate) struct Payment {
    /// The name of the field hides its value in the events.
    credit_card: String,
    email: String,
}

/// What the customer gets back.
#[derive(Debug, Serialize)]
pub(crate) struct Receipt {
    order: i64,
    pieces: i64,
    total_cents: i64,
}

/// `POST /checkout`
pub(crate) async fn checkout(
    State(shop): State<Shop>,
    Session(session): Session,
    Json(payment): Json<Payment>,
) -> Result<Json<Receipt>, Error> {
    let lines = cart::lines(&shop.db, &session).await?;
    if lines.is_empty() || payment.credit_card.is_empty() {
        return Err(Error::EmptyCart);
    }
    shop.stock.reserve(&lines).await?;
    let total_cents = pricing::total_cents(&lines);
    let order = place(&shop.db, &session, total_cents).await?;
    shop.jobs
        .mail_receipt(shop.db.clone(), order, payment.email);
    Ok(Json(Receipt {
        order,
        pieces: pieces(&lines),
        total_cents,
    }))
}

/// Turns the cart into an order, all or nothing. It begins with a write, so that SQLite takes its
/// write lock at once and two checkouts wait for each other instead of failing on the upgrade.
async fn place(db: &Db, session: &str, total_cents: i64) -> Result<i64, sqlx::Error> {
    let mut tx = db.begin().await?;
    let order: i64 =
        sqlx::query_scalar("INSERT INTO orders (session, total_cents) VALUES (?, ?) RETURNING id")
            .bind(session)
            .bind(total_cents)
            .fetch_one(&mut *tx)
            .await?;
    sqlx::query(
        "INSERT INTO order_lines (order_id, product_id, quantity, price_cents) \
         SELECT ?, c.product_id, c.quantity, p.price_cents FROM cart_lines c \
         JOIN products p ON p.id = c.product_id \
         WHERE c.session = ?",
    )
    .bind(order)
    .bind(session)
    .execute(&mut *tx)
    .await?;
    let _left: Vec<(i64, i64)> = sqlx::query_as(
        "UPDATE products SET stock = stock - c.quantity FROM cart_lines c \
         WHERE c.product_id = products.id AND c.session = ? RETURNING products.id, products.stock",
    )
    .bind(session)
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM cart_lines WHERE session = ?")
        .bind(session)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(order)
}

fn pieces(lines: &[CartLine]) -> i64 {
    lines.iter().map(|line| line.quantity).sum()
}

//! The catalogue.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use crate::error::Error;
use crate::routes::Shop;

/// One product as the shop shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Product {
    id: i64,
    name: String,
    price_cents: i64,
    stock: i64,
}

type Row = (i64, String, i64, i64);

impl From<Row> for Product {
    fn from((id, name, price_cents, stock): Row) -> Self {
        Self {
            id,
            name,
            price_cents,
            stock,
        }
    }
}

/// `GET /products`
pub(crate) async fn list(State(shop): State<Shop>) -> Result<Json<Vec<Product>>, Error> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT id, name, price_cents, stock FROM products ORDER BY name LIMIT 20")
            .fetch_all(&shop.db)
            .await?;
    Ok(Json(rows.into_iter().map(Product::from).collect()))
}

/// `GET /products/{id}`
pub(crate) async fn detail(
    State(shop): State<Shop>,
    Path(id): Path<i64>,
) -> Result<Json<Product>, Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT id, name, price_cents, stock FROM products WHERE id = ?")
            .bind(id)
            .fetch_optional(&shop.db)
            .await?;
    row.map(|row| Json(row.into())).ok_or(Error::NotFound)
}

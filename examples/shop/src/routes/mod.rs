//! The shop's pages, one module a subject.

mod cart;
mod checkout;
mod misc;
mod products;
mod search;
mod session;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use gomon::http::MonitoringLayer;

pub(crate) use cart::CartLine;
pub(crate) use misc::PANIC_MESSAGE;

use crate::db::Db;
use crate::jobs::Jobs;
use crate::stock::StockClient;

/// What every handler can reach.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) db: Db,
    pub(crate) stock: StockClient,
    pub(crate) jobs: Jobs,
}

/// All routes of the shop.
pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/", get(misc::home))
        .route("/products", get(products::list))
        .route("/products/{id}", get(products::detail))
        .route("/cart", get(cart::view).post(cart::add))
        .route("/checkout", post(checkout::checkout))
        .route("/search", get(search::search))
        .route("/export", get(misc::export))
        .route("/feed", get(misc::feed))
        .route("/fail", get(misc::fail))
        .route("/panic", get(misc::panic))
        .route("/hang", get(misc::hang))
        .layer(MonitoringLayer::new())
        .with_state(shop)
}

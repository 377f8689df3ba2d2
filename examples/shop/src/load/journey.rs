//! What a visitor does: steps, in an order that makes sense.

use std::time::Duration;

use axum::http::Method;

use crate::db::PRODUCTS;

/// One request of the load.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) json: Option<String>,
    pub(crate) patience: Patience,
    pub(crate) origin: Origin,
}

/// How long the visitor waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// To the end of the body.
    Whole,
    /// For so many pieces of the body.
    Pieces(usize),
    /// For so long, and no answer.
    Short(Duration),
}

/// Where the trace of the request begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the shop.
    Here,
    /// At the visitor, who sends a `traceparent`.
    Upstream,
}

/// The `n`th walk of a visitor: looks, fills a cart of three, buys it, looks again, and ends in one
/// of the ways that are no pleasure.
pub(crate) fn journey(n: u64) -> Vec<Step> {
    let product = |step: u64| 1 + (n.wrapping_mul(5).wrapping_add(step)) % PRODUCTS.unsigned_abs();
    let detail = |step| get(format!("/products/{}", product(step)));
    vec![
        get("/"),
        get("/products"),
        detail(1).by_way_of_a_gateway(),
        add(product(1)),
        get(format!(
            "/search?q={}&access_token={SECRET}-query",
            WORDS[pick(n, WORDS.len())]
        )),
        detail(2),
        add(product(2)),
        detail(3),
        add(product(3)),
        get("/cart"),
        checkout(n),
        get("/export"),
        detail(4),
        get("/products/0"),
        trouble(n),
    ]
}

/// In every secret that the load sends, and so never in an event.
pub(crate) const SECRET: &str = "hush-hush";

fn trouble(n: u64) -> Step {
    match n % 5 {
        0 => get("/fail"),
        1 => get("/panic"),
        2 => Step {
            patience: Patience::Short(Duration::from_millis(20)),
            ..get("/hang")
        },
        3 => Step {
            patience: Patience::Pieces(3),
            ..get("/feed")
        },
        _ => get("/no/such/page"),
    }
}

fn get(path: impl Into<String>) -> Step {
    let path = path.into();
    Step {
        method: Method::GET,
        path,
        json: None,
        patience: Patience::Whole,
        origin: Origin::Here,
    }
}

fn add(product: u64) -> Step {
    post(
        "/cart",
        &serde_json::json!({ "product": product, "quantity": 1 + product % 3 }),
    )
}

fn checkout(n: u64) -> Step {
    let payment = serde_json::json!({
        "email": format!("visitor{n}@example.com"),
        "credit_card": format!("{SECRET}-{n:012}"),
    });
    post("/checkout", &payment)
}

fn post(path: &str, json: &serde_json::Value) -> Step {
    Step {
        method: Method::POST,
        json: Some(json.to_string()),
        ..get(path)
    }
}

impl Step {
    fn by_way_of_a_gateway(self) -> Self {
        Self {
            origin: Origin::Upstream,
            ..self
        }
    }
}

fn pick(n: u64, len: usize) -> usize {
    usize::try_from(n).unwrap_or(0) % len
}

const WORDS: [&str; 4] = ["lamp", "oak", "kettle", "zebra"];

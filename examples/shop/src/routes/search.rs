//! The search page, which asks the database once a hit: the N+1 that monitoring is to find.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::routes::Shop;

/// The query string of `GET /search`.
#[derive(Debug, Deserialize)]
pub(crate) struct Words {
    q: String,
}

/// One product found.
#[derive(Debug, Serialize)]
pub(crate) struct Hit {
    id: i64,
    name: String,
    stars: f64,
}

/// `GET /search?q=`
pub(crate) async fn search(
    State(shop): State<Shop>,
    Query(words): Query<Words>,
) -> Result<Json<Vec<Hit>>, Error> {
    let found: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, name FROM products WHERE name LIKE '%' || ? || '%' ORDER BY id LIMIT 10",
    )
    .bind(&words.q)
    .fetch_all(&shop.db)
    .await?;
    let mut hits = Vec::with_capacity(found.len());
    for (id, name) in found {
        // Wrong on purpose: one JOIN above would do. `here` puts this line into the events, which
        // a pool alone cannot know.
        let stars: f64 = sqlx::query_scalar("SELECT avg(stars) FROM reviews WHERE product_id = ?")
            .bind(id)
            .fetch_one(shop.db.here())
            .await?;
        hits.push(Hit { id, name, stars });
    }
    Ok(Json(hits))
}

//! The shop's database: a SQLite file, created and seeded at each start.

use std::path::Path;
use std::time::Duration;

use gomon::sql::PoolExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// The pool every handler queries.
pub(crate) type Db = gomon::sql::MonitoredSqlitePool;

/// How many products are on sale; their ids are 1 to this.
pub(crate) const PRODUCTS: i64 = (ADJECTIVES.len() * NOUNS.len()) as i64;

/// Creates the file at `path`, seeds it, and opens the pool of the handlers.
///
/// # Errors
/// sqlx's.
pub(crate) async fn open(path: &Path) -> Result<Db, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // The file lives as long as the process: a power cut has nothing to lose.
        .synchronous(SqliteSynchronous::Off)
        .busy_timeout(Duration::from_secs(10));
    let pool = SqlitePoolOptions::new()
        .min_connections(POOL_SIZE)
        .max_connections(POOL_SIZE)
        .connect_with(options)
        .await?;
    sqlx::raw_sql(SCHEMA).execute(&pool).await?;
    seed(&pool).await?;
    Ok(pool.monitored())
}

async fn seed(pool: &sqlx::SqlitePool) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    let names = NOUNS
        .iter()
        .flat_map(|noun| ADJECTIVES.iter().map(move |adjective| (adjective, noun)));
    for (id, (adjective, noun)) in (1_i64..).zip(names) {
        sqlx::query("INSERT INTO products (id, name, price_cents, stock) VALUES (?, ?, ?, ?)")
            .bind(id)
            .bind(format!("{adjective} {noun}"))
            .bind(990 + 137 * id)
            .bind(FULL_STOCK)
            .execute(&mut *tx)
            .await?;
        for review in 0..=id % 3 {
            sqlx::query("INSERT INTO reviews (product_id, stars, text) VALUES (?, ?, ?)")
                .bind(id)
                .bind(3 + (id + review) % 3)
                .bind(format!("a fine {noun}"))
                .execute(&mut *tx)
                .await?;
        }
    }
    tx.commit().await
}

/// What the warehouse fills each product up to.
pub(crate) const FULL_STOCK: i64 = 500;

const POOL_SIZE: u32 = 4;

const ADJECTIVES: [&str; 6] = ["oak", "brass", "linen", "clay", "glass", "paper"];

const NOUNS: [&str; 8] = [
    "lamp", "chair", "bowl", "clock", "basket", "frame", "shelf", "kettle",
];

const SCHEMA: &str = "
CREATE TABLE products (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL, stock INTEGER NOT NULL
);
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products,
    stars INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE INDEX reviews_of_product ON reviews (product_id);
CREATE TABLE cart_lines (
    session TEXT NOT NULL, product_id INTEGER NOT NULL REFERENCES products,
    quantity INTEGER NOT NULL, PRIMARY KEY (session, product_id)
);
CREATE TABLE orders (id INTEGER PRIMARY KEY, session TEXT NOT NULL, total_cents INTEGER NOT NULL);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders, product_id INTEGER NOT NULL REFERENCES products,
    quantity INTEGER NOT NULL, price_cents INTEGER NOT NULL, PRIMARY KEY (order_id, product_id)
);
";

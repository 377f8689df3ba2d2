//! Work that outlives the request that asked for it.

use gomon::{EndGuard, EventTracker, Outcome};
use tokio::sync::mpsc;

use crate::db::{Db, FULL_STOCK};
use crate::stop::Stopped;

/// Spawns jobs, and lets the end of the shop wait for them.
#[derive(Clone, Debug)]
pub(crate) struct Jobs(mpsc::Sender<()>);

/// Waits for the jobs of a [`Jobs`].
#[derive(Debug)]
pub(crate) struct JobsDone(mpsc::Receiver<()>);

impl Jobs {
    pub(crate) fn new() -> (Self, JobsDone) {
        let (running, done) = mpsc::channel(1);
        (Self(running), JobsDone(done))
    }

    /// Mails the receipt of `order`, behind the back of the customer who waits for the page.
    pub(crate) fn mail_receipt(&self, db: Db, order: i64, email: String) {
        let running = self.0.clone();
        // Spawned by gomon, it knows which request it was spawned by.
        gomon::spawn(async move {
            // Dropped before its end, the job is cancelled, not completed.
            let mut end = EndGuard::new(EventTracker::new("receipt"));
            let receipt = end.tracker().set("order", order);
            match receipt.scope(write_receipt(&db, order, &email)).await {
                Ok(length) => receipt.set("length", length),
                Err(error) => receipt.add_error(&error),
            };
            end.finish(Outcome::Completed);
            drop(running);
        });
    }

    /// Fills the shelves now and then, until stopped.
    pub(crate) fn restock(&self, db: Db, stopped: Stopped) {
        let running = self.0.clone();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(RESTOCK_EVERY);
            while !stopped.is_requested() {
                tokio::select! {
                    // What goes wrong is in the events, and mended the next time.
                    _ = every.tick() => { let _ = gomon::root("restock", fill_shelves(&db)).await; }
                    () = stopped.clone().requested() => {}
                }
            }
            drop(running);
        });
    }
}

impl JobsDone {
    /// Ready when every [`Jobs`] is dropped and every job of it is done.
    pub(crate) async fn wait(mut self) {
        while self.0.recv().await.is_some() {}
    }
}

async fn write_receipt(db: &Db, order: i64, email: &str) -> Result<usize, sqlx::Error> {
    let lines: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT p.name, l.quantity, l.price_cents FROM order_lines l \
         JOIN products p ON p.id = l.product_id \
         WHERE l.order_id = ? ORDER BY p.id",
    )
    .bind(order)
    .fetch_all(db)
    .await?;
    let mut text = format!("To: {email}\nOrder {order}\n");
    for (name, quantity, price_cents) in lines {
        text.push_str(&format!("{quantity} x {name} at {price_cents} cents\n"));
    }
    Ok(text.len())
}

async fn fill_shelves(db: &Db) -> Result<u64, sqlx::Error> {
    let filled = sqlx::query("UPDATE products SET stock = ? WHERE stock < ?")
        .bind(FULL_STOCK)
        .bind(FULL_STOCK / 2)
        .execute(db)
        .await?;
    Ok(filled.rows_affected())
}

const RESTOCK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

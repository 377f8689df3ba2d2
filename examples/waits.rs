//! Where the time of a job went: on the CPU, woken but not polled, and waiting for what.
//!
//!     cargo run --example waits
//!
//! The event of each job has `busy`, `ready` and `wait`, which add up to `gomon:lapsed`; while it runs, `in_flight` says
//! what it is doing.

use std::sync::Arc;

use gomon::sync::{Mutex, mpsc};
use gomon::time::{Duration, sleep};
use gomon::{Event, EventTracker, in_flight, root, spawn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gomon = gomon::builder()
        .listener(|event: &Event| {
            if ["restock", "order"].contains(&event.fp()) {
                println!("{}", event.to_json());
            }
        })
        .start()?;

    let stock = Arc::new(Mutex::new(0));
    let (orders, mut incoming) = mpsc::channel(1);

    // Holds the lock for a while.
    let shelf = Arc::clone(&stock);
    let restock = spawn(root("restock", async move {
        let mut stock = shelf.lock().await;
        sleep(Duration::from_millis(50)).await;
        *stock += 3;
    }));

    // Waits for the lock, and then for room in the channel.
    let order = spawn(root("order", async move {
        for name in ["ada", "grace", "mary"] {
            *stock.lock().await -= 1;
            orders.send(name).await.ok();
        }
    }));

    sleep(Duration::from_millis(10)).await;
    for work in in_flight() {
        let doing = work.doing.map(|doing| doing.to_string());
        println!("{} {}", work.label, doing.unwrap_or_default());
    }

    while let Some(order) = incoming.recv().await {
        sleep(Duration::from_millis(10)).await;
        // What is done for an order is a child of the job that sent it.
        order.enter(|name| {
            EventTracker::new("pack").set("name", name);
        });
    }
    restock.await?;
    order.await?;
    drop(gomon);
    Ok(())
}

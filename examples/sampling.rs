//! A tenth of all traces, and every one that deserves it; a second stream of failures alone, slimmed down.
//!
//!     cargo run --example sampling
//!
//! Whole traces are kept or left out. `gomon:weight` says how many events each one stands for, so that sums of weights are
//! right; the aggregates count everything all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gomon::{Event, EventTracker, Mapped, Outcome, Retransmitter, Sampling};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Weights in thousandths: what the kept orders stand for.
    let stands_for = Arc::new(AtomicU64::new(0));
    let sum = Arc::clone(&stands_for);
    let weigh = move |event: &Event| {
        if event.fp() == "order" {
            let thousandths = event.weight().unwrap_or(1.0) * 1000.0;
            sum.fetch_add(thousandths as u64, Ordering::Relaxed);
        }
    };
    let failures = Retransmitter::new("failures")
        .include(["order*"])
        .outcomes([Outcome::Failed, Outcome::Panicked])
        .map(|event| Some(Mapped::copy(event).remove("cart").rename("id", "order")))
        .limit(100)
        .listener(|event: &Event| println!("{}", event.to_json()))?;
    let gomon = gomon::builder()
        .sampling(Sampling::ratio(0.1).keep_failed().keep_rare())
        .listener(weigh)
        .listener(failures)
        .start()?;

    for number in 0..2_000_u64 {
        let mut order = EventTracker::new("order");
        order
            .set("id", number)
            .set("cart", "three apples, one pear");
        order.enter(|| EventTracker::new("pack").finish());
        if number % 500 == 250 {
            order.add_error_msg("out of apples");
        }
    }

    gomon::flush(std::time::Duration::from_secs(1))?;
    println!(
        "{} orders, of which those that were kept stand for {}",
        gomon::aggregates().count("order"),
        stands_for.load(Ordering::Relaxed) / 1000
    );
    println!("{}", gomon.shutdown());
    Ok(())
}

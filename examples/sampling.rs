//! A tenth of all traces, and every one that deserves it; a second stream of failures alone, slimmed down.
//!
//!     cargo run --example sampling
//!
//! Whole traces are kept or left out. `gomon:weight` says how many events each one stands for, so that sums of weights are
//! right; the aggregates count everything all the same.

use std::sync::{Arc, Mutex};

use gomon::{Event, EventTracker, Mapped, Outcome, Retransmitter, Sampling};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What the kept orders stand for.
    let stands_for = Arc::new(Mutex::new(0.0));
    let sum = Arc::clone(&stands_for);
    let weigh = move |event: &Event| {
        if event.fp() == "order"
            && let Ok(mut sum) = sum.lock()
        {
            *sum += event.weight().unwrap_or(1.0);
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
        "{} orders, of which those that were kept stand for {:.0}",
        gomon::aggregates().count("order"),
        stands_for.lock().map_or(0.0, |sum| *sum)
    );
    println!("{}", gomon.shutdown());
    Ok(())
}

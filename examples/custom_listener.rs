//! Listeners of your own: a type with state, and a closure.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gomon::prelude::*;
use gomon::{ListenerError, ValueRef};

/// Adds up the time of each kind of event. It runs on a thread of its own: however slow it is, the program is not.
#[derive(Clone, Default)]
struct TimeByKind(Arc<Mutex<BTreeMap<&'static str, Duration>>>);

impl Listener for TimeByKind {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        let mut times = self.0.lock().map_err(|_| "a reader panicked")?;
        *times.entry(event.fp()).or_default() += event.lapsed().unwrap_or_default();
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let times = TimeByKind::default();
    let failures = Arc::new(AtomicU64::new(0));
    let gomon = gomon::builder()
        .listener(times.clone())
        .named_listener("unpacked", {
            let failures = Arc::clone(&failures);
            move |event: &Event| {
                if event.outcome() == Some(Outcome::Failed) {
                    failures.fetch_add(1, Ordering::Relaxed);
                    let item = event.get("item").and_then(ValueRef::as_str);
                    println!("not packed: {item:?}");
                }
            }
        })
        .start()?;

    let mut order = EventTracker::new("order");
    for item in ["tea", "", "cake"] {
        let mut step = order.child("pack");
        step.set("item", item);
        if item.is_empty() {
            step.add_error_msg("an item without a name"); // its outcome is `failed` now
        }
    }
    order.set("items", 3);
    order.finish();

    println!("{}", gomon.shutdown());
    assert_eq!(failures.load(Ordering::Relaxed), 1);
    for (kind, time) in times.0.lock().map_err(|_| "the listener panicked")?.iter() {
        println!("{kind:16} {time:?}");
    }
    Ok(())
}

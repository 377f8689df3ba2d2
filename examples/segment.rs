//! A segment: a thousand iterations, one event, with exact counts and percentiles of each step, and a child event.

use std::error::Error;
use std::hint::black_box;

use gomon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(10);
    let gomon = gomon::builder()
        .application_id("segment")
        .listener(memory.clone())
        .start()?;

    let import = Segment::new("import");
    // Events made inside, such as those of statements, are children of the segment's; `scope` does it for a future.
    let sum = import.enter(|| {
        let mut sum = 0;
        for n in 0..1_000_u64 {
            let row = import.child("row"); // counts from here to its drop
            let parsed = {
                let _parse = row.child("parse");
                format!("{n}").parse::<u64>()?
            };
            let _add = row.child("add");
            sum += black_box(parsed);
        }
        EventTracker::new("imported").set("rows", 1_000);
        Ok::<_, std::num::ParseIntError>(sum)
    })?;
    import.finish();
    assert_eq!(sum, 499_500);
    println!("{}", gomon.shutdown()); // delivers what is pending

    let events = memory.events();
    let event = events
        .iter()
        .find(|event| event["gomon:fp"] == "segment")
        .ok_or("no segment")?;
    let child = events.iter().find(|e| e["gomon:fp"] == "imported");
    assert_eq!(child.ok_or("no child")?["parent"], event["id"]);
    let row = &event["childs"][0];
    assert_eq!(
        (&row["name"], &row["count"]),
        (&"row".into(), &1_000.into())
    );
    for step in row["childs"].as_array().into_iter().flatten() {
        println!(
            "{:6} {:>6} times, p50 {:>6} ns, p99 {:>6} ns",
            step["name"], step["count"], step["p50"], step["p99"]
        );
    }
    Ok(())
}

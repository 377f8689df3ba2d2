//! What comes out of a process that a panic ends at once: built with `panic = "abort"` by a test.

use gomon_core::{Event, EventTracker};

fn main() -> Result<(), gomon_core::Error> {
    let _gomon = gomon_core::builder()
        .listener(|event: &Event| println!("{}", event.to_json()))
        .start()?;
    EventTracker::new("work").finish();
    let mut unit = EventTracker::new("request");
    unit.register("GET /");
    panic!("the last words");
}

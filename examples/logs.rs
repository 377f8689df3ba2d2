//! `log` and slog beside each other: lines are events of the request they belong to, and carry its ids.
//!
//!     cargo run --example logs
//!
//! Standard error has the lines of env_logger, standard output the events. A listener that logs does not feed itself.

use std::io::Write;

use gomon::logs::{GomonDrain, GomonLogger};
use gomon::{Event, EventTracker, LogListener, log_ids};
use log::{info, warn};
use slog::{Discard, Logger, o};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let logger = env_logger::builder()
        .filter_level(log::LevelFilter::Debug)
        .format(|out, record| {
            let (level, ids) = (record.level(), log_ids());
            writeln!(out, "{level} {ids} {}", record.args())
        })
        .build();
    let level = logger.filter();
    GomonLogger::new().then(logger).init()?;
    log::set_max_level(level);

    let _gomon = gomon::builder()
        .application_id("shop")
        .listener(LogListener::stdout().json())
        .listener(|event: &Event| log::debug!("seen: {}", event.fp()))
        .start()?;

    // A drain that is there would stand in the place of `Discard`.
    let slog = Logger::root(GomonDrain::new(Discard), o!("component" => "till"));
    let mut request = EventTracker::new("request");
    request.enter(|| {
        info!(order = 7, card_token = "4711"; "paid"); // the token comes out as [redacted]
        slog::info!(slog, "drawer {}", "open"; "cents" => 1250);
        warn!("no paper");
    });
    Ok(())
}

//! The layer for `tracing` on real databases, in a process of its own: SQLite's thread knows only the global subscriber.
//!
//! That is the strictest there is: a filter for all layers stops what is less serious than `DEBUG`, and the layer's own filter
//! takes no span of gomon's.
#![cfg(all(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "any",
    feature = "tracing"
))]

mod any;
mod doubles;
#[path = "../it/engines.rs"]
#[allow(dead_code, reason = "shared with the tests of the wrappers")]
mod engines;
mod raw;
mod told;

use std::future::Future;
use std::sync::Once;

use gomon_core::EventTracker;
use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::SqlxLayer;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

/// Makes it the subscriber of the process.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let taken = filter_fn(|metadata| {
            metadata.is_span() && metadata.target() != "gomon"
                || metadata.target().starts_with("sqlx::")
        });
        let subscriber = tracing_subscriber::registry()
            .with(SqlxLayer::new().with_filter(taken))
            .with(LevelFilter::DEBUG);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// Runs work inside an event, and inside a span that is made in it.
async fn request<T>(recorder: &Recorder, work: impl Future<Output = T>) -> T {
    install();
    let mut request = EventTracker::in_context("request", recorder.context());
    let spanned = async { work.instrument(info_span!("request")).await };
    request.scope(spanned).await
}

/// What is told of statements, whoever tells it, in the order of their ends.
fn statements(recorder: &Recorder) -> Vec<Recorded> {
    let mut events = recorder.events();
    events.retain(|event| {
        ["sql-wconn-queryctx", "sql-wstmt-execctx", "conn-prepare"].contains(&event.fp())
    });
    events
}

/// The statements' texts, sorted.
fn texts(recorder: &Recorder) -> Vec<String> {
    let events = statements(recorder).into_iter();
    let mut texts: Vec<String> = events
        .map(|event| event["query"].as_str().unwrap().to_owned())
        .collect();
    texts.sort();
    texts
}

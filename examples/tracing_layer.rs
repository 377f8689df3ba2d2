//! A program written against `tracing`, monitored by one layer; and a line format that shows the ids.
//!
//!     cargo run --example tracing_layer
//!
//! Standard error has the lines as `tracing` writes them, with the ids of their spans; standard output the events: a
//! request with its children, the lines among them.

use std::fmt;

use gomon::logs::GomonLayer;
use gomon::{LogListener, log_ids};
use tracing::{Event, Instrument, Subscriber, error, info, info_span, instrument};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _gomon = gomon::builder()
        .application_id("shop")
        .listener(LogListener::stdout().json())
        .start()?;
    let lines = layer().event_format(WithIds).with_writer(std::io::stderr);
    let subscriber = tracing_subscriber::registry()
        .with(lines)
        .with(GomonLayer::new());
    tracing::subscriber::set_global_default(subscriber)?;

    for order in 0..2 {
        checkout(order).await;
    }
    Ok(())
}

#[instrument]
async fn checkout(order: u32) {
    let _ = pay(order).await;
    let receipt = async { info!("printed") };
    let printed = tokio::spawn(receipt.instrument(info_span!("receipt", pages = 1)));
    if printed.await.is_err() {
        error!("no receipt");
    }
}

/// The error fails the span `pay`.
#[instrument(err)]
async fn pay(order: u32) -> Result<(), std::io::Error> {
    if order > 0 {
        return Err(std::io::Error::other("the card was refused"));
    }
    info!(cents = 1250, "paid");
    Ok(())
}

/// `INFO trace=… id=… paid cents=1250`
struct WithIds;

impl<S, N> FormatEvent<S, N> for WithIds
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(out, "{} {} ", event.metadata().level(), log_ids())?;
        context.format_fields(out.by_ref(), event)?;
        writeln!(out)
    }
}

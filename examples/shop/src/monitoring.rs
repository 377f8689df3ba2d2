//! What makes the shop a monitored one: gomon started before anything else, and ended after it.

use std::error::Error;
use std::fs::File;
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::time::Duration;

use gomon::{Builder, Capture, Gomon, LogListener};

use crate::args::{Fault, Preset, ShopArgs, StockArgs, StockEvents};
use crate::first_events::FirstEvents;
use crate::progress::Screen;
use crate::stock::events_beside;

/// Where the events of the shop go.
#[derive(Debug)]
pub(crate) enum Output<'a> {
    File(&'a Path),
    /// JSON lines, for another program.
    Stdout,
    /// The first events for a person to read, then a line of progress.
    Terminal,
}

impl<'a> Output<'a> {
    pub(crate) fn of(args: &'a ShopArgs) -> Self {
        match &args.events {
            Some(file) => Self::File(file),
            None if stdout().is_terminal() => Self::Terminal,
            None => Self::Stdout,
        }
    }

    /// Where the stock service is to write, so that its events are found beside the shop's.
    pub(crate) fn of_stock(&self) -> StockEvents {
        match self {
            Self::File(file) => StockEvents::File(events_beside(file)),
            Self::Stdout => StockEvents::Stdout,
            Self::Terminal => StockEvents::Nowhere,
        }
    }
}

/// Starts gomon in the shop.
///
/// # Errors
/// The file for the events cannot be created.
pub(crate) fn of_shop(
    args: &ShopArgs,
    output: &Output<'_>,
    screen: &Screen,
) -> Result<Gomon, Box<dyn Error>> {
    let builder = builder("shop", args.capture);
    let builder = match output {
        Output::File(file) => builder.named_listener(LOG, log_file(file)?),
        Output::Stdout => builder.named_listener(LOG, LogListener::stdout().json()),
        Output::Terminal => builder.named_listener(LOG, FirstEvents::new(screen.clone())),
    };
    let builder = match args.fault {
        None => builder,
        Some(Fault::Panic) => builder.named_listener("faulty", crate::faults::panics),
        Some(Fault::Block) => builder.named_listener("faulty", crate::faults::blocks),
    };
    Ok(builder.start()?)
}

/// Starts gomon in the stock service.
///
/// # Errors
/// The file for the events cannot be created.
pub(crate) fn of_stock(args: &StockArgs) -> Result<Gomon, Box<dyn Error>> {
    let builder = builder("stock", args.capture);
    let builder = match &args.events {
        StockEvents::Nowhere => builder,
        StockEvents::Stdout => builder.named_listener(LOG, LogListener::stdout().json()),
        StockEvents::File(file) => builder.named_listener(LOG, log_file(file)?),
    };
    Ok(builder.start()?)
}

fn builder(application: &str, capture: Preset) -> Builder {
    let capture = match capture {
        Preset::Minimal => Capture::minimal(),
        Preset::Safe => Capture::safe(),
        Preset::Full => Capture::full(),
    };
    gomon::builder()
        .application_id(application)
        .capture(capture)
        .shutdown_deadline(FLUSH)
}

/// A file of one run: what another run left there is gone.
fn log_file(file: &Path) -> Result<LogListener, String> {
    let created = File::create(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(LogListener::writer(created))
}

/// Its name in the report.
const LOG: &str = "log";

/// How long the events that are under way may take to be written at the end.
const FLUSH: Duration = Duration::from_secs(3);

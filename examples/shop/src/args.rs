//! The command line: what to run, for how long, and where the events go.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints; the README points here.
pub(crate) const USAGE: &str = "\
A web shop on SQLite, monitored by gomon, that drives itself with a steady mixed load.

usage: shop [OPTIONS]                 run the shop
       shop check FILE [--capture P]  check what a run of the load wrote (FILE and FILE.stock)
       shop tree FILE                 print one POST /checkout of a run that succeeded as a tree

How long (else until ctrl-c or SIGTERM; all of them drain, flush and report on standard error):
  --requests N       stop after exactly N requests of the load
  --for TIME         stop after TIME: 500ms, 5s, 2m

What it does:
  --no-load          only serve
  --rate R           requests a second of the load, up to 1000; 0 is as fast as it goes (default 200)
  --listen ADDR      address to serve on (default 127.0.0.1:0, a free port)
  --capture PRESET   what events hold: minimal, safe or full (default full)

Where the events go (every other message goes to standard error):
  --events FILE      JSON lines into FILE, those of the stock service into FILE.stock
  without it         JSON lines of both processes on standard output; when that is a terminal, the first
                     events in a readable form, then a progress line

A demonstration of a listener gone wrong, beside the healthy one; the shop keeps serving, the report counts:
  --fault-listener panic|block
";

/// One of the programs in this binary.
#[derive(Debug)]
pub(crate) enum Command {
    Shop(ShopArgs),
    Stock(StockArgs),
    Check { file: PathBuf, capture: Preset },
    Tree { file: PathBuf },
    Help,
}

/// Settings of the shop.
#[derive(Debug, Default)]
pub(crate) struct ShopArgs {
    pub(crate) requests: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) load: Load,
    pub(crate) rate: Rate,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) capture: Preset,
    pub(crate) events: Option<PathBuf>,
    pub(crate) fault: Option<Fault>,
}

/// Settings of the stock service, which the shop starts by itself.
#[derive(Debug, Default)]
pub(crate) struct StockArgs {
    pub(crate) capture: Preset,
    pub(crate) events: StockEvents,
}

/// Where the stock service writes its events.
#[derive(Debug, Default)]
pub(crate) enum StockEvents {
    /// Nowhere: the shop shows progress on a terminal.
    #[default]
    Nowhere,
    /// On its standard output after the port line; the shop passes them on.
    Stdout,
    File(PathBuf),
}

/// Whether the shop drives itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Load {
    #[default]
    Mixed,
    None,
}

/// Requests a second; zero is as fast as it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate(pub(crate) u32);

impl Default for Rate {
    fn default() -> Self {
        Self(200)
    }
}

/// A preset of [`gomon::Capture`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Preset {
    Minimal,
    Safe,
    #[default]
    Full,
}

impl Preset {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Safe => "safe",
            Self::Full => "full",
        }
    }
}

/// How the demonstration listener misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Panic,
    Block,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// A sentence for the user: the argument that is unknown, incomplete or malformed.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut args = args.into_iter().peekable();
    let command = match args.peek().map(String::as_str) {
        Some("stock") => parse_stock,
        Some("check") => parse_check,
        Some("tree") => parse_tree,
        _ => return parse_shop(&mut args),
    };
    args.next();
    command(&mut args)
}

fn parse_shop(args: &mut dyn Iterator<Item = String>) -> Result<Command, String> {
    let mut shop = ShopArgs::default();
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--no-load" => shop.load = Load::None,
            "--requests" => shop.requests = Some(value(&flag, args)?),
            "--rate" => shop.rate = rate(value(&flag, args)?)?,
            "--listen" => shop.listen = Some(value(&flag, args)?),
            "--for" => shop.time = Some(duration(&text(&flag, args)?)?),
            "--capture" => shop.capture = preset(&text(&flag, args)?)?,
            "--events" => shop.events = Some(text(&flag, args)?.into()),
            "--fault-listener" => shop.fault = Some(fault(&text(&flag, args)?)?),
            _ => return Err(unknown(&flag)),
        }
    }
    if shop.load == Load::None && shop.requests.is_some() {
        return Err("--requests counts requests of the load, and --no-load has none".into());
    }
    Ok(Command::Shop(shop))
}

fn parse_stock(args: &mut dyn Iterator<Item = String>) -> Result<Command, String> {
    let mut stock = StockArgs::default();
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--capture" => stock.capture = preset(&text(&flag, args)?)?,
            "--events" => stock.events = StockEvents::File(text(&flag, args)?.into()),
            "--events-to-stdout" => stock.events = StockEvents::Stdout,
            _ => return Err(unknown(&flag)),
        }
    }
    Ok(Command::Stock(stock))
}

fn parse_check(args: &mut dyn Iterator<Item = String>) -> Result<Command, String> {
    let file = text("check", args)?.into();
    let mut capture = Preset::default();
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--capture" => capture = preset(&text(&flag, args)?)?,
            _ => return Err(unknown(&flag)),
        }
    }
    Ok(Command::Check { file, capture })
}

fn parse_tree(args: &mut dyn Iterator<Item = String>) -> Result<Command, String> {
    let file = text("tree", args)?.into();
    args.next()
        .map_or(Ok(Command::Tree { file }), |extra| Err(unknown(&extra)))
}

fn text(flag: &str, args: &mut dyn Iterator<Item = String>) -> Result<String, String> {
    args.next().ok_or_else(|| format!("{flag} needs a value"))
}

fn value<T: std::str::FromStr<Err: std::fmt::Display>>(
    flag: &str,
    args: &mut dyn Iterator<Item = String>,
) -> Result<T, String> {
    let given = text(flag, args)?;
    given
        .parse()
        .map_err(|error| format!("{flag} {given}: {error}"))
}

/// Timers have a resolution of a millisecond.
fn rate(per_second: u32) -> Result<Rate, String> {
    match per_second {
        0..=1_000 => Ok(Rate(per_second)),
        _ => Err(format!(
            "--rate {per_second}: at most 1000, or 0 for as fast as it goes"
        )),
    }
}

fn preset(name: &str) -> Result<Preset, String> {
    [Preset::Minimal, Preset::Safe, Preset::Full]
        .into_iter()
        .find(|preset| preset.name() == name)
        .ok_or_else(|| format!("--capture {name}: not minimal, safe or full"))
}

fn fault(name: &str) -> Result<Fault, String> {
    match name {
        "panic" => Ok(Fault::Panic),
        "block" => Ok(Fault::Block),
        _ => Err(format!("--fault-listener {name}: not panic or block")),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| malformed_time(text))?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err(malformed_time(text)),
    }
}

fn malformed_time(text: &str) -> String {
    format!("--for {text}: a time is written 500ms, 5s or 2m")
}

fn unknown(flag: &str) -> String {
    format!("{flag}: unknown; try --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("5h").is_err());
        assert!(duration("s").is_err());
    }

    #[test]
    fn the_command_of_the_readme_is_understood() {
        let Ok(Command::Shop(args)) = parsed("--requests 2000 --events out.jsonl") else {
            panic!()
        };
        assert_eq!(args.requests, Some(2000));
        assert_eq!(args.events, Some("out.jsonl".into()));
        assert_eq!(args.capture, Preset::Full);
    }

    #[test]
    fn a_mistake_names_the_argument() {
        assert_eq!(parsed("--nope").unwrap_err(), "--nope: unknown; try --help");
        assert_eq!(parsed("--events").unwrap_err(), "--events needs a value");
        assert!(
            parsed("--requests many")
                .unwrap_err()
                .starts_with("--requests many: ")
        );
        assert!(parsed("--no-load --requests 3").is_err());
    }
}

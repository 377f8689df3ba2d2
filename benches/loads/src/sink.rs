//! The other end of the line, in a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gomon::monotonic;

use crate::Result;
use crate::sequence::{Counts, Sequence};

/// The first argument of a process that is a sink; the second is its pace.
pub(crate) const ROLE: &str = "sink";

/// The process, seen from the one that starts it.
#[derive(Debug)]
pub(crate) struct Sink {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Sink {
    /// Starts one that reads at most so many lines a second.
    pub(crate) fn start(pace: f64) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([ROLE, &pace.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("no input")?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        Ok(Self {
            child,
            input,
            output,
            address: line.trim_end().parse()?,
        })
    }

    /// Lets it read as fast as it can from now on.
    pub(crate) fn open(&mut self) -> Result<()> {
        Ok(self.input.write_all(b"open\n")?)
    }

    /// What it got, once the other side has closed the line.
    pub(crate) fn finish(mut self) -> Result<Counts> {
        let mut said = String::new();
        self.output.read_to_string(&mut said)?;
        self.child.wait()?;
        let counts: Vec<u64> = said
            .split_whitespace()
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        let [events, again, other] = counts[..] else {
            return Err(format!("the sink says {said:?}").into());
        };
        Ok(Counts {
            events,
            again,
            other,
        })
    }
}

/// The process itself: says its address, reads one connection to its end, says what it got.
pub(crate) fn serve(pace: &str) -> Result<()> {
    let pace: f64 = pace.parse()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let (stream, _) = listener.accept()?;
    let open = opened_by_input()?;
    let mut lines = BufReader::with_capacity(64 << 10, stream);
    let mut line = String::new();
    let (mut got, mut window, begin) = (Sequence::default(), 0.0, monotonic());
    while lines.read_line(&mut line)? > 0 {
        got.note_line(&line);
        line.clear();
        window += 1.0;
        if window >= pace / f64::from(WINDOWS) {
            window = 0.0;
            wait_for_window(begin, &open);
        }
    }
    let Counts {
        events,
        again,
        other,
    } = got.counts;
    println!("{events} {again} {other}");
    Ok(())
}

/// Until the next hundredth of a second, unless everything may be read.
fn wait_for_window(begin: Duration, open: &AtomicBool) {
    if !open.load(Ordering::Relaxed) {
        let window = 1_000_000_000 / u128::from(WINDOWS);
        let left = window - (monotonic() - begin).as_nanos() % window;
        std::thread::sleep(Duration::from_nanos(u64::try_from(left).unwrap_or(0)));
    }
}

/// Set by the first line of the standard input, and by its end.
fn opened_by_input() -> Result<Arc<AtomicBool>> {
    let open = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&open);
    let thread = std::thread::Builder::new().name("input".to_owned());
    thread.spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        set.store(true, Ordering::Relaxed);
    })?;
    Ok(open)
}

/// How many times a second a paced sink reads.
const WINDOWS: u32 = 100;

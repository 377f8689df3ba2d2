//! The stock service as a child process of the shop.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::args::{Preset, StockEvents};

/// The running service. It lives as long as its standard input is open, so it ends with the shop
/// even when the shop is killed.
#[derive(Debug)]
pub(crate) struct StockProcess {
    child: Child,
    port: u16,
    events: Option<JoinHandle<()>>,
}

impl StockProcess {
    /// Starts this binary again as `shop stock` and waits for its port.
    ///
    /// # Errors
    /// The system's, or `UnexpectedEof` and `InvalidData` when the service ends or speaks nonsense
    /// before it told its port.
    pub(crate) fn start(capture: Preset, events: &StockEvents) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["stock", "--capture", capture.name()]);
        match events {
            StockEvents::Nowhere => {}
            StockEvents::Stdout => drop(command.arg("--events-to-stdout")),
            StockEvents::File(file) => drop(command.arg("--events").arg(file)),
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut stdout = BufReader::new(stdout);
        let port = read_port(&mut stdout)?;
        let events = std::thread::Builder::new()
            .name("shop-stock-events".into())
            .spawn(|| pass_on(stdout))?;
        Ok(Self {
            child,
            port,
            events: Some(events),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Closes the service's standard input, which tells it to end, and waits until it has flushed;
    /// kills it when that takes longer than ten seconds.
    ///
    /// # Errors
    /// The system's, or a sentence when the service had to be killed or did not end well.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        drop(self.child.stdin.take());
        for _ in 0..1_000 {
            if let Some(status) = self.child.try_wait()? {
                // Its end of the pipe is closed, so the thread comes to an end.
                let _ = self.events.take().map(JoinHandle::join);
                let problem = || io::Error::other(format!("the stock service ended with {status}"));
                return status.success().then_some(()).ok_or_else(problem);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill()?;
        self.child.wait()?;
        Err(io::Error::other("the stock service had to be killed"))
    }
}

/// Where the service of a shop that writes to `file` writes: beside it.
pub(crate) fn events_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".stock");
    name.into()
}

/// The first line that is no event; events may come before it.
fn read_port(stdout: &mut impl BufRead) -> io::Result<u16> {
    for line in stdout.lines() {
        let line = line?;
        if line.starts_with('{') {
            pass_on_line(&line);
        } else {
            return line
                .parse()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Reads to the end even when nobody takes the lines: the service must not wait for a reader.
fn pass_on(stdout: BufReader<ChildStdout>) {
    for line in stdout.lines().map_while(Result::ok) {
        pass_on_line(&line);
    }
}

/// A whole line at once, so that it does not mix with those the shop writes itself.
fn pass_on_line(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

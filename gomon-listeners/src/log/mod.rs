//! Events as lines of text.

mod output;
mod readable;
mod style;
mod text;

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use gomon_core::{BatchError, Event, Events, Listener, ListenerError};

use output::Output;
use style::Style;

pub use style::Colour;

/// Writes one line for each event: to standard output, standard error, a file or any writer.
///
/// Lines are JSON, the event contract's own form, except on a terminal: there they are aligned for
/// the eye and coloured, with long values cut and control characters escaped, so that no value
/// can move the cursor or forge a line. [`json`](Self::json) and [`readable`](Self::readable)
/// choose by hand.
///
/// The lines of a batch are written together, in pieces of 64 KiB at most, and flushed at its end.
/// Where a write fails, the events whose lines were not written whole count as dropped
/// (`listener_error`); the next batch tries again, on a line of its own.
///
/// ```
/// use gomon_listeners::{Colour, LogListener};
///
/// let to_a_file = LogListener::file("/var/log/shop.jsonl");
/// let for_people = LogListener::stderr().readable().colour(Colour::Never);
/// ```
pub struct LogListener {
    output: Output,
    chosen: Option<Form>,
    colour: Colour,
    /// What the lines look like, known once something is written.
    form: Option<(Form, Style)>,
    pending: Pending,
    /// A write ended inside a line, which the next write has to end.
    torn: bool,
}

impl LogListener {
    /// Lines on standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(Output::Stdout)
    }

    /// Lines on standard error.
    #[must_use]
    pub fn stderr() -> Self {
        Self::new(Output::Stderr)
    }

    /// Lines at the end of a file, which is created if need be.
    ///
    /// It is opened when the listener is added: a path that cannot be opened is an error there,
    /// not a silent loss later.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Output::file(path.into()))
    }

    /// Lines in any writer. It is flushed at the end of each batch, and need not be buffered.
    #[must_use]
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::new(Output::Writer(Box::new(writer)))
    }

    /// JSON lines, also on a terminal. Default: where the target is no terminal.
    #[must_use]
    pub fn json(mut self) -> Self {
        self.chosen = Some(Form::Json);
        self
    }

    /// Readable lines. Default: where the target is a terminal.
    #[must_use]
    pub fn readable(mut self) -> Self {
        self.chosen = Some(Form::Readable);
        self
    }

    /// Whether readable lines have colours. Default: [`Colour::Auto`].
    #[must_use]
    pub fn colour(mut self, colour: Colour) -> Self {
        self.colour = colour;
        self
    }

    fn new(output: Output) -> Self {
        Self {
            output,
            chosen: None,
            colour: Colour::Auto,
            form: None,
            pending: Pending::default(),
            torn: false,
        }
    }

    fn add(&mut self, event: &Event) {
        let (form, style) = *self.form.get_or_insert_with(|| {
            let terminal = self.output.is_terminal();
            let form = self
                .chosen
                .unwrap_or(if terminal { Form::Readable } else { Form::Json });
            (form, self.colour.style(terminal))
        });
        if self.torn && self.pending.text.is_empty() {
            self.pending.text.push('\n');
        }
        match form {
            Form::Json => event.write_json(&mut self.pending.text),
            Form::Readable => readable::write(event, style, &mut self.pending.text),
        }
        self.pending.end_line();
    }

    /// Writes what is pending; on an error, says how many of its lines were written whole.
    fn write_pending(&mut self) -> Result<usize, (usize, ListenerError)> {
        let was_torn = std::mem::replace(&mut self.torn, true); // should the writer panic
        let written = self.output.write(self.pending.text.as_bytes());
        let result = match written {
            Ok(()) => {
                self.torn = false;
                Ok(self.pending.ends.len())
            }
            Err(failed) => {
                let whole = self.pending.whole_lines(failed.written);
                let inside_a_line = failed.written > self.pending.end_of(whole);
                self.torn = inside_a_line || (was_torn && failed.written == 0);
                Err((whole, failed.cause.into()))
            }
        };
        self.pending.clear();
        result
    }
}

impl Listener for LogListener {
    fn start(&mut self) -> Result<(), ListenerError> {
        Ok(self.output.open()?)
    }

    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        self.pending.clear(); // of a batch that a panic of the writer ended
        self.add(event);
        self.write_pending().map_err(|(_, cause)| cause)?;
        Ok(self.output.flush()?)
    }

    fn feed_batch(&mut self, events: Events<'_>) -> Result<(), BatchError> {
        self.pending.clear(); // of a batch that a panic of the writer ended
        let mut delivered = 0;
        let mut events = events.iter().peekable();
        while let Some(event) = events.next() {
            self.add(event);
            if self.pending.text.len() < PIECE_BYTES && events.peek().is_some() {
                continue;
            }
            match self.write_pending() {
                Ok(lines) => delivered += lines,
                Err((lines, cause)) => {
                    return Err(BatchError {
                        delivered: delivered + lines,
                        cause,
                    });
                }
            }
        }
        // A writer that cannot flush may have lost any part of what it took.
        self.output.flush().map_err(|cause| BatchError {
            delivered: 0,
            cause: cause.into(),
        })
    }

    fn flush(&mut self, _deadline: Duration) -> Result<(), ListenerError> {
        Ok(self.output.flush()?)
    }
}

impl fmt::Debug for LogListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogListener")
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Json,
    Readable,
}

/// Lines to be written, and where each one ends.
#[derive(Debug, Default)]
struct Pending {
    text: String,
    ends: Vec<usize>,
}

impl Pending {
    fn end_line(&mut self) {
        self.text.push('\n');
        self.ends.push(self.text.len());
    }

    fn whole_lines(&self, bytes: usize) -> usize {
        self.ends.partition_point(|end| *end <= bytes)
    }

    fn end_of(&self, lines: usize) -> usize {
        lines
            .checked_sub(1)
            .and_then(|last| self.ends.get(last))
            .copied()
            .unwrap_or(0)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(2 * PIECE_BYTES);
        self.ends.clear();
    }
}

const PIECE_BYTES: usize = 64 * 1024;

use std::io::{BufWriter, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use gomon::{BatchError, Event, Events, Listener, ListenerError};

/// Sends each event as a line of JSON over TCP, and waits when the other side does not read.
#[derive(Debug)]
pub(crate) struct TcpLines {
    out: BufWriter<TcpStream>,
    line: String,
}

impl TcpLines {
    pub(crate) fn connect(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self {
            out: BufWriter::with_capacity(64 << 10, TcpStream::connect(address)?),
            line: String::new(),
        })
    }
}

impl Listener for TcpLines {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        self.line.clear();
        event.write_json(&mut self.line);
        self.line.push('\n');
        Ok(self.out.write_all(self.line.as_bytes())?)
    }

    /// A batch is not held back: what it counts as delivered has left the process.
    fn feed_batch(&mut self, events: Events<'_>) -> Result<(), BatchError> {
        for (at, event) in events.iter().enumerate() {
            self.feed(event).map_err(|cause| BatchError {
                delivered: at,
                cause,
            })?;
        }
        self.flush(Duration::MAX).map_err(|cause| BatchError {
            delivered: 0,
            cause,
        })
    }

    fn flush(&mut self, _: Duration) -> Result<(), ListenerError> {
        Ok(self.out.flush()?)
    }
}

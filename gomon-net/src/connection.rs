//! The life of one connection as an event.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use gomon_core::{Context, EventTracker, Uuid};

use crate::keys;

/// Counts what passes through a connection; dropping it sends the closing event.
#[derive(Debug)]
pub(crate) struct Connection {
    event: EventTracker,
    read: Direction,
    written: Direction,
    first_byte: Option<Duration>,
    /// Who closed a direction while bytes still moved in the other.
    half_closed: Option<Side>,
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Direction {
    bytes: u64,
    calls: u64,
    time: Duration,
    /// The other direction may go on.
    ended: bool,
    failed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Peer,
    Own,
}

impl Connection {
    /// Sends the opening event.
    pub(crate) fn open(
        parent: Context,
        local: Option<SocketAddr>,
        peer: Option<SocketAddr>,
    ) -> Self {
        let mut event = EventTracker::in_context(keys::NET_CONN, parent);
        // What lives long is recorded even where its trace was to be left out.
        if event.id().is_some() {
            set_address(&mut event, keys::LADDR, keys::LADDR_NET, local);
            if gomon_core::capture().remote_address() {
                set_address(&mut event, keys::RADDR, keys::RADDR_NET, peer);
            }
            event.send_opening();
        }
        Self {
            event,
            read: Direction::default(),
            written: Direction::default(),
            first_byte: None,
            half_closed: None,
        }
    }

    pub(crate) fn id(&self) -> Option<Uuid> {
        self.event.id()
    }

    /// The time now, to be given to [`read`](Self::read) or [`wrote`](Self::wrote).
    pub(crate) fn now(&self) -> Duration {
        self.event.elapsed()
    }

    /// A read came to its result. None at all into a buffer with room is the end of the stream.
    pub(crate) fn read(
        &mut self,
        since: Duration,
        result: Result<usize, &io::Error>,
        buffer: Buffer,
    ) {
        let now = self.now();
        match result {
            Ok(0) if matches!(buffer, Buffer::HadRoom) => self.read.ended = true,
            Ok(bytes) if bytes > 0 => {
                self.first_byte.get_or_insert(now);
                if self.written.ended {
                    self.half_closed.get_or_insert(Side::Own);
                }
            }
            _ => {}
        }
        self.read
            .count(now.saturating_sub(since), result, &mut self.event);
    }

    /// A write came to its result.
    pub(crate) fn wrote(&mut self, since: Duration, result: Result<usize, &io::Error>) {
        if self.read.ended && result.is_ok_and(|bytes| bytes > 0) {
            self.half_closed.get_or_insert(Side::Peer);
        }
        let time = self.now().saturating_sub(since);
        self.written.count(time, result, &mut self.event);
    }

    /// A flush came to its result; it moves no bytes of a TCP socket.
    pub(crate) fn flushed(&mut self, result: Result<(), &io::Error>) {
        if let Err(error) = result {
            self.written.fail(error, &mut self.event);
        }
    }

    /// The direction of writing was closed.
    pub(crate) fn shut_down(&mut self, result: Result<(), &io::Error>) {
        match result {
            Ok(()) => self.written.ended = true,
            Err(error) => self.written.fail(error, &mut self.event),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.event.is_recording() {
            return;
        }
        self.event
            .set(keys::READ_SIZE, self.read.bytes)
            .set(keys::WRITE_SIZE, self.written.bytes)
            .set(keys::READS, self.read.calls)
            .set(keys::WRITES, self.written.calls)
            .set(keys::READ_TIME, self.read.time)
            .set(keys::WRITE_TIME, self.written.time);
        if let Some(first_byte) = self.first_byte {
            self.event.set(keys::FIRST_BYTE, first_byte);
        }
        if let Some(side) = self.half_closed {
            self.event.set(keys::HALF_CLOSED, side.as_str());
        }
    }
}

impl Direction {
    fn count(
        &mut self,
        time: Duration,
        result: Result<usize, &io::Error>,
        event: &mut EventTracker,
    ) {
        self.calls += 1;
        self.time += time;
        match result {
            Ok(bytes) => self.bytes += bytes as u64,
            Err(error) => self.fail(error, event),
        }
    }

    /// Notes the first error of a direction; a broken socket gives the same one again and again.
    fn fail(&mut self, error: &io::Error, event: &mut EventTracker) {
        if !std::mem::replace(&mut self.failed, true) {
            event.add_error(error);
        }
    }
}

impl Side {
    fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Own => "self",
        }
    }
}

/// Whether the buffer of a read could have taken a byte.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Buffer {
    HadRoom,
    WasFull,
}

fn set_address(
    event: &mut EventTracker,
    key: &'static str,
    net_key: &'static str,
    address: Option<SocketAddr>,
) {
    if let Some(address) = address {
        event.set(key, address.to_string()).set(net_key, TCP);
    }
}

/// The network's name.
pub(crate) const TCP: &str = "tcp";

//! Fingerprints and keys of the sockets' events, spelled as in the event contract.

/// Fingerprint: a listening socket.
pub const NET_LISTENER: &str = "net-listener";
/// Fingerprint: a connection.
pub const NET_CONN: &str = "net-conn";
/// Fingerprint: an attempt to connect to one address.
pub const NET_DIAL: &str = "net-dial";

/// Connections that were accepted.
pub const CONNS: &str = "conns";
/// Calls of `accept` that failed.
pub const ACCEPT_ERRORS: &str = "accept-errors";

/// Address of this end, `host:port`, IPv6 in brackets.
pub const LADDR: &str = "laddr";
/// Network of this end: `tcp`.
pub const LADDR_NET: &str = "laddr-net";
/// Address of the other end, where remote addresses are captured.
pub const RADDR: &str = "raddr";
/// Network of the other end: `tcp`.
pub const RADDR_NET: &str = "raddr-net";
/// Network dialled: `tcp`.
pub const NET: &str = "net";
/// Address dialled, where remote addresses are captured.
pub const ADDR: &str = "addr";

/// Bytes read.
pub const READ_SIZE: &str = "read-size";
/// Bytes written.
pub const WRITE_SIZE: &str = "write-size";
/// Reads that came to a result.
pub const READS: &str = "reads";
/// Writes that came to a result.
pub const WRITES: &str = "writes";
/// Time inside reads that came to a result, ns.
pub const READ_TIME: &str = "read-time";
/// Time inside writes that came to a result, ns.
pub const WRITE_TIME: &str = "write-time";
/// From the start to the first byte read, ns.
pub const FIRST_BYTE: &str = "first-byte";
/// Who closed one direction while bytes still moved in the other: `peer` or `self`.
pub const HALF_CLOSED: &str = "half-closed";

//! Fingerprints and keys of the events.

/// Fingerprint: a connection. It opens when the client is made, and closes when it is dropped.
pub const CONNECTION: &str = "memcached-conn";
/// Fingerprint: a command, from the call to its answer.
pub const CALL: &str = "memcached";

/// The command: `get`, `set` or `delete`.
pub const COMMAND: &str = "command";
/// The key.
pub const KEY: &str = "key";
/// The id of the connection's event.
pub const CONN: &str = "conn";
/// The server's address, where remote addresses are captured.
pub const SERVER: &str = "server";
/// The value that was set or found, where bodies are captured.
pub const VALUE: &str = "value";
/// It took longer than `slow_ms`.
pub const SLOW: &str = "slow";

//! Monitoring of sockets.

//! Monitoring of HTTP servers and clients as tower layers.

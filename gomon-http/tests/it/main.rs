//! What an outsider sees of gomon-http: real servers over loopback, and services called in place.

mod bodies;
mod capture;
mod client;
mod detectors;
mod ended;
mod endings;
mod endings_in_place;
mod endings_over_http2;
mod heads;
mod nesting;
mod peer;
mod propagation;
mod routes;
mod server;
mod support;
mod trace_context;
mod waits;

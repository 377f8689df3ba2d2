//! What an outsider sees of gomon-http: real servers over loopback, and services called in place.

mod admin;
mod bodies;
mod capture;
mod client;
mod detectors;
mod ended;
mod endings;
mod endings_in_place;
mod endings_over_http2;
mod grpc;
mod handlers;
mod heads;
mod hostile;
mod nesting;
mod peer;
mod propagation;
mod proxies;
mod routes;
mod server;
mod serving;
mod slow;
mod support;
mod telling;
mod trace_context;
mod waits;

//! Clients against real servers over loopback: what they wait for, and how their requests end.

mod attempts;
mod connections;
mod endings;
mod hosts;
mod phases;
mod proxies;
mod server;
mod support;
mod with_middleware;
mod with_reqwest;
mod with_tonic;

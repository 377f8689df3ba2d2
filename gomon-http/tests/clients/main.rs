//! Clients against real servers over loopback: what they wait for, and how their requests end.

mod attempts;
mod connections;
mod hosts;
mod phases;
mod server;
mod support;

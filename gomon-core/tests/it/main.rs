//! Tests of the engine through its public API, each with a recorder of its own.

mod carrying;
mod channels;
mod context;
mod endings;
mod limits;
mod streams;
mod waits;

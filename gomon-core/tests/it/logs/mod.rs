//! The bridges from the program's own logs.

mod drain;
mod layer;
mod logger;
mod support;

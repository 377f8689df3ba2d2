//! The bridges from the program's own logs.

mod layer;
mod logger;
mod support;

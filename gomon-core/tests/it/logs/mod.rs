//! The bridges from the program's own logs.

mod logger;
mod support;

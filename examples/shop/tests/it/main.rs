//! The shop from end to end: the built binary, run as a user runs it, and what it wrote.

mod ends;
mod events;
mod faults;
mod program;
mod stdout;

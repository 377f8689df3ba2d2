//! What crosses crates, through the facade alone. The shop, which is driven from end to end, has its own tests in
//! `examples/shop/tests`; the tree they expect is `checkout.snap` in this folder.

mod causes;
mod hanging_up;
mod logs;
mod server;
mod switches;
mod trace_context;
mod why_slow;

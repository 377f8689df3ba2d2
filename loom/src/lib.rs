//! gomon-core's hand-overs between threads, run by loom in every order in which they may happen.
//!
//! Where the source allows it, it is the source itself that is compiled here, with loom's locks and atomics in the place
//! of the real ones. The rest is restated, as short as it can be, in a model whose first line names the file that it
//! must follow: whoever changes the order of steps there changes it here.
#![cfg(test)]

mod models;

//! gomon-core's hand-overs between threads, run by loom in every order in which they may happen: `scripts/loom [MODEL]`.
//!
//! Where the source allows it, it is the source itself that is compiled here, with loom's locks and atomics in the place
//! of the real ones: the queue of a listener. The rest is restated, as short as it can be, in a model whose first line
//! names the file that it must follow: whoever changes the order of steps there changes it here.
//!
//! A program and not tests: in tests the sources would bring along theirs.

#[expect(dead_code, reason = "the models need a part of it")]
mod bus;
mod clock;
#[path = "../../gomon-core/src/deadline.rs"]
mod deadline;
#[expect(dead_code, reason = "the models need a part of it")]
mod event;
mod models;
mod primitives;

use std::time::Instant;

/// Runs the models whose name contains the argument. One that fails panics, which ends the program.
fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, model) in models::ALL {
        if name.contains(&wanted) {
            let begin = Instant::now();
            model();
            println!("{:6.2} s  {name}", begin.elapsed().as_secs_f64());
        }
    }
}

//! The harness of the benchmarks.
//!
//! An [`Arm`] is one way of doing a workload: gomon, a peer, or a hand-written floor. A [`Table`] lists the arms of one
//! workload. [`run`] is the `main` of a group: it measures every arm of every table in processes of their own, in
//! interleaved rounds (A B C A B C …), so that drift of the machine meets all arms alike, and prints medians and the
//! medians of the ratios within each round. docs/performance.md says what the figures mean.

mod allocator;
mod arm;
mod callgrind;
mod child;
mod clock;
mod cores;
mod driver;
mod figures;
mod goal;
mod options;
mod row;
mod table;

pub use allocator::Counting;
pub use arm::Arm;
pub use clock::{cpu_ns_of_process, thread_cpu_ns, ticks};
pub use driver::run;
pub use figures::{Figures, median};
pub use goal::{Cell, Cost, Goal};
pub use options::Options;
pub use row::{Row, append};
pub use table::{Cores, Table};

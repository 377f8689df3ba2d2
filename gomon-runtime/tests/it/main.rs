//! The allocator as a program's own, and what the sampler sends.

mod alloc;
mod budget;
mod sampler;

use gomon_runtime::MonitoredAlloc;

#[global_allocator]
static ALLOC: MonitoredAlloc = MonitoredAlloc::new();

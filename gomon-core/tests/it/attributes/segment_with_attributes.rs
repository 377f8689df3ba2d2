#[gomon_core::attributes::segment(record(id), crate = gomon_core)]
fn f(id: u64) {}

fn main() {}

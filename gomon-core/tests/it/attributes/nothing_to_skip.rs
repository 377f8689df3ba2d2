#[gomon_core::attributes::trace(skip(id), crate = gomon_core)]
fn f(id: u64) {}

fn main() {}

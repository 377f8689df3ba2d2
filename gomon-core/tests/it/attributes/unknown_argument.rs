#[gomon_core::attributes::trace(record(idd), crate = gomon_core)]
fn f(id: u64, name: &str) {}

fn main() {}

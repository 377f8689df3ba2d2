#[gomon_core::attributes::trace(crate = gomon_core)]
const fn f() {}

fn main() {}

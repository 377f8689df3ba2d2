#[gomon_core::attributes::trace(skip_all, crate = gomon_core)]
fn f() {}

fn main() {}

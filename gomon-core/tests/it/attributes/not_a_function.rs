#[gomon_core::attributes::segment(crate = gomon_core)]
struct S;

fn main() {}

struct Order;

#[gomon_core::attributes::trace(record(order), crate = gomon_core)]
fn f(order: Order) {}

fn main() {}

//! What a cart costs, after a thousand rules.

use gomon::Segment;

use crate::routes::CartLine;

/// The total of `lines`, less what the rules take off.
pub(crate) fn total_cents(lines: &[CartLine]) -> i64 {
    let full = lines
        .iter()
        .map(|line| line.price_cents.saturating_mul(line.quantity))
        .fold(0, i64::saturating_add);
    // One event, however many rules there are.
    let pricing = Segment::new("pricing");
    let mut total = full;
    for rule in 0..RULES {
        let _rule = pricing.child("rule");
        total = apply(rule, total);
    }
    total
}

/// Rule `n` takes a cent off every total that leaves remainder `n` by the number of rules.
fn apply(rule: i64, total: i64) -> i64 {
    if total % RULES == rule {
        total - 1
    } else {
        total
    }
}

const RULES: i64 = 1_000;

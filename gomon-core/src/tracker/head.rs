//! Head sampling: what is not kept is decided at the root's beginning, and never recorded.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::id::TraceId;
use crate::state;

/// Keeps this part of all traces, between 0 and 1; `None` keeps all of them.
pub(crate) fn set_ratio(ratio: Option<f64>) {
    if let Some(ratio) = ratio {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float is cut to the range of the integer"
        )]
        let limit = (ratio * RANGE as f64) as u64;
        LIMIT.store(limit, Ordering::Relaxed);
    }
    state::set_head_sampling(ratio.is_some());
}

/// A function of the trace's id alone: another process that keeps as much keeps the same traces.
pub(crate) fn keeps(trace: TraceId) -> bool {
    let random = trace.to_u128() & u128::from(RANGE - 1);
    random < u128::from(LIMIT.load(Ordering::Relaxed))
}

/// W3C Trace Context, level 2: the low 56 bits of a trace id are its random ones.
const RANGE: u64 = 1 << 56;
static LIMIT: AtomicU64 = AtomicU64::new(RANGE);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_keeps_its_part_of_the_traces() {
        LIMIT.store(RANGE / 4, Ordering::Relaxed);
        let kept = (0..10_000).filter(|_| keeps(TraceId::new(0))).count();
        LIMIT.store(RANGE, Ordering::Relaxed);
        assert!((2_200..2_800).contains(&kept), "{kept}");
        assert!((0..1000).all(|_| keeps(TraceId::new(0))));
    }
}

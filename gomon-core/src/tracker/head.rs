//! Head sampling: what is not kept is decided at the root's beginning, and never recorded.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::id::TraceId;
use crate::sampling::ratio::Ratio;
use crate::state;

/// Keeps this part of all traces, between 0 and 1; `None` keeps all of them.
pub(crate) fn set_ratio(ratio: Option<f64>) {
    if let Some(ratio) = ratio {
        let threshold = Ratio::new(ratio.clamp(0.0, 1.0)).threshold();
        THRESHOLD.store(threshold, Ordering::Relaxed);
    }
    state::set_head_sampling(ratio.is_some());
}

/// A function of the trace's id alone, and the same as the bus's: what one of them keeps, the other
/// keeps too if its ratio is as large.
pub(crate) fn keeps(trace: TraceId) -> bool {
    ratio().keeps(trace)
}

pub(crate) fn ratio() -> Ratio {
    Ratio::of_threshold(THRESHOLD.load(Ordering::Relaxed))
}

static THRESHOLD: AtomicU64 = AtomicU64::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_keeps_its_part_of_the_traces() {
        THRESHOLD.store(Ratio::new(0.25).threshold(), Ordering::Relaxed);
        let kept = (0..10_000).filter(|_| keeps(TraceId::new(0))).count();
        THRESHOLD.store(0, Ordering::Relaxed);
        assert!((2_200..2_800).contains(&kept), "{kept}");
        assert!((0..1000).all(|_| keeps(TraceId::new(0))));
    }
}

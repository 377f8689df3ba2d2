//! The ratio: which traces are kept when nothing speaks for them.

use crate::event::id::TraceId;
use crate::sampling::sampler::Verdict;

/// Keeps a share of all traces, each with the weight that makes up for the others.
///
/// It is a function of the trace id's low 56 bits, the ones that W3C Trace Context (level 2) says
/// are random, compared as OpenTelemetry's probability sampling does: every service that keeps a
/// share keeps the same traces, and who keeps more keeps them as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    /// Traces whose random bits are below this are dropped.
    threshold: u64,
    weight: f64,
}

impl Ratio {
    /// `share` is within 0 and 1.
    pub(crate) fn new(share: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 0 and 2^56"
        )]
        let threshold = ((1.0 - share) * RANGE).round() as u64;
        Self {
            threshold,
            weight: 1.0 / share,
        }
    }

    pub(crate) fn of_threshold(threshold: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a weight needs no more")]
        let share = 1.0 - threshold as f64 / RANGE;
        let weight = 1.0 / share;
        Self { threshold, weight }
    }

    pub(crate) fn threshold(self) -> u64 {
        self.threshold
    }

    pub(crate) fn weight(self) -> f64 {
        self.weight
    }

    #[inline]
    pub(crate) fn keeps(self, trace: TraceId) -> bool {
        trace.to_u128() & RANDOM_BITS >= u128::from(self.threshold)
    }

    pub(crate) fn keeps_everything(self) -> bool {
        self.threshold == 0
    }

    pub(crate) fn verdict(self, trace: TraceId) -> Verdict {
        if self.keeps(trace) {
            Verdict::Keep {
                weight: Some(self.weight),
            }
        } else {
            Verdict::Drop
        }
    }
}

const RANDOM_BITS: u128 = (1 << 56) - 1;
const RANGE: f64 = (1_u64 << 56) as f64;

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(share: f64, low: u128) -> bool {
        Ratio::new(share).verdict(TraceId(0xff << 56 | low)) != Verdict::Drop
    }

    #[test]
    fn the_upper_end_of_the_random_bits_is_kept() {
        assert!(kept(0.5, 1 << 55));
        assert!(!kept(0.5, (1 << 55) - 1));
    }

    #[test]
    fn a_ratio_of_one_keeps_everything_and_of_zero_nothing() {
        assert!(kept(1.0, 0) && Ratio::new(1.0).keeps_everything());
        assert!(!kept(0.0, RANDOM_BITS));
    }

    #[test]
    fn what_a_small_ratio_keeps_a_larger_one_keeps_too() {
        let ids = (0..10_000_u128).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) & RANDOM_BITS);
        for low in ids {
            assert!(!kept(0.1, low) || kept(0.3, low));
        }
    }
}

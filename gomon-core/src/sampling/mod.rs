//! Sampling: which traces are kept when not all can be.

mod config;
pub(crate) mod hash;
mod merit;
mod order;
pub(crate) mod ratio;
pub(crate) mod sampler;
mod series;
mod traces;
#[cfg(test)]
mod unbiased;

use std::time::Duration;

use serde::Deserialize;

use crate::sampling::config::Settings;
use crate::sampling::merit::Merits;

/// Which traces are kept: those that deserve it, and a share of the others.
///
/// The unit is the local trace, a request or a job with everything below it in this process. It is
/// held until its root ends: at most 256 events, 256 KiB and 10 seconds, 8 MiB in all. If any of
/// its events has a merit that is asked for, all of it is kept, with `gomon:weight` 1. Otherwise
/// the ratio decides, by the trace id, and what is kept has the weight 1/ratio, so that sums of
/// weights stand for everything there was. A trace that comes to a limit, or is open during a
/// flush, is decided by the ratio at once, and its later events follow. What is left out counts
/// as `sampled_out`.
///
/// Never sampled are opening events and the closing ones that belong to them, the events of the
/// application and of gomon itself, and samples (`rt-…`, `tick`, `sql-pool`). They have no weight.
///
/// ```
/// use gomon_core::Sampling;
///
/// let sampling = Sampling::ratio(0.05)
///     .keep_failed()
///     .keep_slow()
///     .keep_rare();
/// ```
///
/// In a configuration it is an object of its own:
///
/// ```
/// # use gomon_core::Sampling;
/// let json = r#"{"ratio": 0.05, "keep": ["failed", "slow", "rare"], "every_nth": 1000}"#;
/// let sampling: Sampling = serde_json::from_str(json)?;
/// assert_eq!(sampling, Sampling::ratio(0.05).keep_failed().keep_slow().keep_rare().every_nth(1000));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// `keep` may name `failed`, `cancelled`, `caller-sampled`, `slow` and `rare`; `slower_than_ms` is
/// [`keep_slower_than`](Self::keep_slower_than) in milliseconds. Only `ratio` is required, and what
/// is not known is an error.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Settings")]
#[must_use = "sampling is a setting: give it to a builder or a retransmitter"]
pub struct Sampling {
    share: f64,
    merits: Merits,
}

impl Sampling {
    /// Keeps this share of the traces. It is taken to the nearest of 0 to 1; what is not a number
    /// keeps everything.
    ///
    /// The same traces are kept by every process with the same ratio, and by OpenTelemetry's
    /// probability sampling. With 0 only merit counts, and the weights stand for nothing else.
    pub const fn ratio(ratio: f64) -> Self {
        let share = if ratio.is_nan() {
            1.0
        } else {
            ratio.clamp(0.0, 1.0)
        };
        let merits = Merits {
            failed: false,
            cancelled: false,
            caller_sampled: false,
            slow: false,
            slower_than: None,
            rare: false,
            every_nth: None,
        };
        Self { share, merits }
    }

    /// Keeps traces in which something failed, panicked or timed out. Default: off.
    pub const fn keep_failed(mut self) -> Self {
        self.merits.failed = true;
        self
    }

    /// Keeps traces in which something was cancelled, truncated or abandoned. Default: off.
    pub const fn keep_cancelled(mut self) -> Self {
        self.merits.cancelled = true;
        self
    }

    /// Keeps traces that a caller in another process says it records, if such callers are believed
    /// by [`Propagation::trust_sampling`](crate::Propagation::trust_sampling). What other callers
    /// say is left to the ratio. Default: off.
    pub const fn keep_caller_sampled(mut self) -> Self {
        self.merits.caller_sampled = true;
        self
    }

    /// Keeps traces whose root is slow for its fingerprint and route: slower than about 99 of 100
    /// before it. Default: off.
    pub const fn keep_slow(mut self) -> Self {
        self.merits.slow = true;
        self
    }

    /// Keeps traces in which anything took longer than this. Default: off.
    pub const fn keep_slower_than(mut self, limit: Duration) -> Self {
        self.merits.slower_than = Some(limit);
        self
    }

    /// Keeps traces with an event that is rare: its fingerprint, for roots together with their
    /// route, was seen under 10 times in the hour before. Of the first 4,096 fingerprints and
    /// routes; more than that in an hour are not told apart, and not rare. Default: off.
    pub const fn keep_rare(mut self) -> Self {
        self.merits.rare = true;
        self
    }

    /// Keeps every n-th trace of each root's fingerprint and route, so that no route is without
    /// one. 0 turns it off, which is the default.
    pub const fn every_nth(mut self, n: u32) -> Self {
        self.merits.every_nth = if n == 0 { None } else { Some(n) };
        self
    }

    pub(crate) const fn share(&self) -> f64 {
        self.share
    }

    pub(crate) const fn merits(&self) -> Merits {
        self.merits
    }
}

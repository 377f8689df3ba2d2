//! The settings: `plugins.memcached` in a configuration of gomon.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use gomon::PluginConfig;
use serde::Deserialize;

/// The settings, as a configuration writes them. They change while the program runs.
///
/// ```toml
/// [plugins.memcached]
/// slow_ms = 20
/// value_bytes = 64
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MemcachedConfig {
    /// A call that takes longer is marked as `slow`. Default: 100 ms.
    pub slow_ms: u64,
    /// How many bytes of a value are recorded, where bodies are captured at all. Default: 256.
    pub value_bytes: usize,
}

impl MemcachedConfig {
    const DEFAULT: Self = Self {
        slow_ms: 100,
        value_bytes: 256,
    };
}

impl Default for MemcachedConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl PluginConfig for MemcachedConfig {
    const NAME: &'static str = "memcached";
}

/// Reads the settings, once for the process. Where they are wrong when the first client is made, the defaults hold; from then
/// on gomon refuses wrong ones.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = gomon::register_plugin(apply);
    });
}

fn apply(config: MemcachedConfig) {
    SLOW_MS.store(config.slow_ms, Ordering::Relaxed);
    VALUE_BYTES.store(config.value_bytes, Ordering::Relaxed);
}

pub(crate) fn slow() -> Duration {
    Duration::from_millis(SLOW_MS.load(Ordering::Relaxed))
}

pub(crate) fn value_bytes() -> usize {
    VALUE_BYTES.load(Ordering::Relaxed)
}

static SLOW_MS: AtomicU64 = AtomicU64::new(MemcachedConfig::DEFAULT.slow_ms);
static VALUE_BYTES: AtomicUsize = AtomicUsize::new(MemcachedConfig::DEFAULT.value_bytes);

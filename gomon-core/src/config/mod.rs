//! What can be set from outside the program, before a start and while gomon runs.

#[cfg(feature = "toml")]
pub(crate) mod env;
pub(crate) mod error;
#[cfg(feature = "toml")]
pub(crate) mod file;
pub(crate) mod layers;
pub(crate) mod plugin;
#[cfg(feature = "toml")]
pub(crate) mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::bus::options::{Limits, OnFull};
use crate::bus::retransmitter::config::RetransmitterConfig;
use crate::capture::Capture;
use crate::context::propagation::Propagation;
use crate::event::limits::Limits as EventLimits;
use crate::event::limits::settings::SomeLimits;
use crate::mask::Detectors;
use crate::sampling::Sampling;
use crate::switch::rules::{self, Rules};

/// Settings of gomon as a configuration writes them, for [`set_config`](crate::set_config).
///
/// All fields are optional, and what is left out stays as it is. What is not known, or is not what
/// it should be, is an error that names the place.
///
/// ```
/// let json = r#"{
///     "application_id": "shop",
///     "capture": "minimal",
///     "detectors": ["bearer", "jwt", "cards", "emails"],
///     "limits": {"keys": 64, "string_bytes": 4096},
///     "propagation": {"callers": "trusted", "sampling_flag": "trusted"},
///     "report_interval_ms": 30000,
///     "aggregate_interval_ms": 10000,
///     "tick_interval_ms": 30000,
///     "root": {"exclude": ["net-*"], "sampling": {"ratio": 0.1, "keep": ["failed"]}},
///     "listeners": {
///         "LogListener": {"max_events": 1000, "max_bytes": 4000000, "on_full": "drop-oldest",
///                         "stuck_after_ms": 20000}
///     }
/// }"#;
/// gomon_core::set_config(serde_json::from_str(json)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// - `application_id`: [`set_application_id`](crate::set_application_id)
/// - `capture`: one of the presets `minimal`, `safe` and `full` of [`Capture`]
/// - `detectors`: what is masked for what it looks like, see [`Detectors`]; a list of `bearer`,
///   `jwt`, `cards` and `emails`
/// - `limits`: how large events may get, see [`Limits`](crate::Limits): each by its name there
/// - `propagation`: the fields of [`Propagation`]
/// - `report_interval_ms`, `aggregate_interval_ms`, `tick_interval_ms`: the builder's settings of these names
/// - `panic_backtraces`: whether `panic` events have a stack, see
///   [`without_panic_backtraces`](crate::Builder::without_panic_backtraces)
/// - `root`: what passes the bus, see [`RetransmitterConfig`]; it replaces the `root` of an
///   earlier configuration, and comes on top of the filter of the builder. Its `sampling` takes the
///   place of the builder's
/// - `listeners`: settings of [`ListenerOptions`](crate::ListenerOptions) for all of the process's
///   listeners of a name, also those that are added later; over what the program set
/// - `switches`: a table for each live switch, see [`Switch`](crate::switch::Switch); they replace those of an earlier
///   configuration
/// - `plugins`: a table for each plug-in, see [`PluginConfig`](crate::PluginConfig)
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub(crate) application_id: Option<String>,
    capture: Option<Preset>,
    detectors: Option<Detectors>,
    pub(crate) limits: SomeLimits,
    propagation: Option<Propagation>,
    report_interval_ms: Option<u64>,
    aggregate_interval_ms: Option<u64>,
    tick_interval_ms: Option<u64>,
    panic_backtraces: Option<bool>,
    pub(crate) root: Option<RetransmitterConfig>,
    listeners: BTreeMap<String, ListenerConfig>,
    #[serde(deserialize_with = "rules::bounded")]
    switches: Option<BTreeMap<String, Rules>>,
    pub(crate) plugins: BTreeMap<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    Minimal,
    Safe,
    Full,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListenerConfig {
    max_events: Option<u64>,
    max_bytes: Option<u64>,
    on_full: Option<OnFull>,
    stuck_after_ms: Option<u64>,
}

impl Config {
    pub(crate) const EMPTY: Self = Self {
        application_id: None,
        capture: None,
        detectors: None,
        limits: SomeLimits::NONE,
        propagation: None,
        report_interval_ms: None,
        aggregate_interval_ms: None,
        tick_interval_ms: None,
        panic_backtraces: None,
        root: None,
        listeners: BTreeMap::new(),
        switches: None,
        plugins: BTreeMap::new(),
    };

    /// Takes over what a newer one says.
    pub(crate) fn merge(&mut self, newer: Self) {
        let Self {
            application_id,
            capture,
            detectors,
            limits,
            propagation,
            report_interval_ms,
            aggregate_interval_ms,
            tick_interval_ms,
            panic_backtraces,
            root,
            listeners,
            switches,
            plugins,
        } = newer;
        replace(&mut self.application_id, application_id);
        replace(&mut self.capture, capture);
        replace(&mut self.detectors, detectors);
        self.limits.merge(limits);
        replace(&mut self.propagation, propagation);
        replace(&mut self.report_interval_ms, report_interval_ms);
        replace(&mut self.aggregate_interval_ms, aggregate_interval_ms);
        replace(&mut self.tick_interval_ms, tick_interval_ms);
        replace(&mut self.panic_backtraces, panic_backtraces);
        replace(&mut self.root, root);
        for (name, newer) in listeners {
            self.listeners.entry(name).or_default().merge(newer);
        }
        replace(&mut self.switches, switches);
        self.plugins.extend(plugins);
    }

    /// This with what is over it.
    pub(crate) fn with(mut self, over: Self) -> Self {
        self.merge(over);
        self
    }

    /// What may be captured by this, in place of that.
    pub(crate) fn capture_over(&self, own: &Capture) -> Option<Capture> {
        if self.capture.is_none() && self.detectors.is_none() {
            return None;
        }
        let capture = self.capture().unwrap_or_else(|| own.clone());
        let detectors = self.detectors.unwrap_or(own.detectors());
        Some(capture.with_detectors(detectors))
    }

    /// The limits of this, in place of those.
    pub(crate) fn limits_over(&self, own: EventLimits) -> Option<EventLimits> {
        (self.limits != SomeLimits::NONE).then(|| self.limits.over(own))
    }

    pub(crate) fn capture(&self) -> Option<Capture> {
        self.capture.map(|preset| match preset {
            Preset::Minimal => Capture::minimal(),
            Preset::Safe => Capture::safe(),
            Preset::Full => Capture::full(),
        })
    }

    pub(crate) fn propagation(&self) -> Option<Propagation> {
        self.propagation
    }

    pub(crate) fn report_interval(&self) -> Option<Duration> {
        self.report_interval_ms.map(Duration::from_millis)
    }

    pub(crate) fn aggregate_interval(&self) -> Option<Duration> {
        self.aggregate_interval_ms.map(Duration::from_millis)
    }

    pub(crate) fn panic_backtraces(&self) -> Option<bool> {
        self.panic_backtraces
    }

    pub(crate) fn tick_interval(&self) -> Option<Duration> {
        self.tick_interval_ms.map(Duration::from_millis)
    }

    pub(crate) fn sampling(&self) -> Option<&Sampling> {
        self.root.as_ref().and_then(RetransmitterConfig::sampling)
    }

    pub(crate) fn switches(&self) -> Option<&BTreeMap<String, Rules>> {
        self.switches.as_ref()
    }

    /// The listeners that have settings.
    pub(crate) fn listener_names(&self) -> impl Iterator<Item = &str> {
        self.listeners.keys().map(String::as_str)
    }

    /// What the queue of a listener of that name is to heed, which the program gave other limits.
    pub(crate) fn queue_limits(&self, name: &str, limits: Limits) -> Limits {
        let config = self.listeners.get(name).copied().unwrap_or_default();
        config.over(limits)
    }
}

impl ListenerConfig {
    fn merge(&mut self, newer: Self) {
        replace(&mut self.max_events, newer.max_events);
        replace(&mut self.max_bytes, newer.max_bytes);
        replace(&mut self.on_full, newer.on_full);
        replace(&mut self.stuck_after_ms, newer.stuck_after_ms);
    }

    fn over(self, limits: Limits) -> Limits {
        let stuck_after = self.stuck_after_ms.map(Duration::from_millis);
        Limits {
            max_events: self.max_events.unwrap_or(limits.max_events),
            max_bytes: self.max_bytes.unwrap_or(limits.max_bytes),
            on_full: self.on_full.unwrap_or(limits.on_full),
            stuck_after: stuck_after.unwrap_or(limits.stuck_after),
        }
    }
}

fn replace<T>(place: &mut Option<T>, newer: Option<T>) {
    if newer.is_some() {
        *place = newer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_wrong_is_an_error_that_names_the_place() {
        let wrong = [
            ("{\n\"listener\": {}}", "unknown field `listener`", "line 2"),
            (r#"{"capture": "all"}"#, "unknown variant `all`", "line 1"),
            (
                r#"{"report_interval_ms": "1s"}"#,
                "string \"1s\"",
                "column 27",
            ),
            (
                r#"{"limits": {"keys": 0}}"#,
                "limit keys must be between 16 and 1024, and not 0",
                "line 1",
            ),
            (
                "{\"limits\": {\n\"width\": 5}}",
                "unknown variant `width`",
                "line 2",
            ),
            (
                "{\"root\": {\n\"includes\": 1}}",
                "unknown field `includes`",
                "line 2",
            ),
            (
                "{\"listeners\": {\"a\":\n {\"on_full\": \"block\"}}}",
                "unknown variant `block`",
                "line 2",
            ),
        ];
        for (json, what, place) in wrong {
            let error = serde_json::from_str::<Config>(json)
                .unwrap_err()
                .to_string();
            assert!(error.contains(what) && error.contains(place), "{error}");
        }
    }

    #[test]
    fn what_is_left_out_stays_as_it_is() {
        let mut config = parse(
            r#"{"application_id": "shop", "capture": "full",
                "listeners": {"a": {"max_events": 5, "on_full": "drop-oldest"}}}"#,
        );
        config.merge(parse(
            r#"{"report_interval_ms": 5, "listeners": {"a": {"max_events": 6}, "b": {"max_bytes": 7}}}"#,
        ));
        config.merge(Config::default());
        assert_eq!(config.application_id.as_deref(), Some("shop"));
        assert!(config.capture().is_some_and(|capture| capture.rows() == 10));
        assert_eq!(config.report_interval(), Some(Duration::from_millis(5)));
        let limits = config.queue_limits("a", Limits::DEFAULT);
        assert_eq!((limits.max_events, limits.on_full), (6, OnFull::DropOldest));
        assert_eq!(config.queue_limits("b", Limits::DEFAULT).max_bytes, 7);
        assert_eq!(config.queue_limits("c", Limits::DEFAULT), Limits::DEFAULT);
    }
}

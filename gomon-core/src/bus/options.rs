use std::any::type_name;
use std::time::Duration;

use serde::Deserialize;

/// How a listener is called, how much may wait for it, and when it counts as stuck.
///
/// ```
/// use std::time::Duration;
/// use gomon_core::{Event, ListenerOptions, OnFull};
///
/// let options = ListenerOptions::new()
///     .name("tail")
///     .max_events(1_000)
///     .on_full(OnFull::DropOldest)
///     .stuck_after(Duration::from_secs(30));
/// let gomon = gomon_core::builder()
///     .listener_with(options, |event: &Event| println!("{}", event.fp()))
///     .start()?;
/// assert_eq!(gomon.shutdown().listeners[0].name, "tail");
/// # Ok::<(), gomon_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until a listener is added with them"]
pub struct ListenerOptions {
    pub(crate) name: Option<String>,
    pub(crate) limits: Limits,
}

/// What happens to an event for which a listener's queue has no place. The sender never waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OnFull {
    /// It is lost.
    #[default]
    DropNewest,
    /// The ones that have waited longest are lost, and it takes their place.
    DropOldest,
}

/// What a queue heeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_events: u64,
    pub(crate) max_bytes: u64,
    pub(crate) on_full: OnFull,
    pub(crate) stuck_after: Duration,
}

impl ListenerOptions {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            name: None,
            limits: Limits::DEFAULT,
        }
    }

    /// What reports and its thread call it. Default: the name of its type, and of a retransmitter its
    /// own.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many events may wait for it, those it is being fed included. They come in batches of at
    /// most 256, which are taken or lost as a whole; an empty queue takes any batch.
    /// Default: 8,192.
    pub const fn max_events(mut self, count: u64) -> Self {
        self.limits.max_events = count;
        self
    }

    /// How many bytes of events may wait for it. A part of a batch keeps all of it in memory and
    /// counts as all of it. Default: 16 MiB.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_bytes = bytes;
        self
    }

    /// What is lost when its queue is full. Default: [`OnFull::DropNewest`].
    pub const fn on_full(mut self, on_full: OnFull) -> Self {
        self.limits.on_full = on_full;
        self
    }

    /// How long it may take over one event, over a batch that it takes as a whole, or over a
    /// flush beyond the time it was given, before it counts as stuck and is left alone.
    /// Default: 5 seconds.
    pub const fn stuck_after(mut self, limit: Duration) -> Self {
        self.limits.stuck_after = limit;
        self
    }
}

impl ListenerOptions {
    /// The name, which is that of the type unless it was given, and the limits.
    pub(crate) fn named_after<L>(self) -> (String, Limits) {
        let name = self.name.unwrap_or_else(name_of::<L>);
        (name, self.limits)
    }
}

impl ListenerOptions {
    /// A name, unless one was given.
    pub(crate) fn name_or(self, name: Option<&str>) -> Self {
        match (&self.name, name) {
            (None, Some(name)) => self.name(name),
            _ => self,
        }
    }
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        // Well below the number of records that may be under way in the process: a listener that
        // keeps all it may must leave the others enough.
        max_events: 8_192,
        max_bytes: 16 << 20,
        on_full: OnFull::DropNewest,
        stuck_after: Duration::from_secs(5),
    };
}

/// A type's name without its path and parameters; a closure has that of the function it is in.
fn name_of<L>() -> String {
    let name = type_name::<L>();
    let name = name
        .split('<')
        .find(|part| !part.is_empty())
        .unwrap_or(name);
    let mut parts = name.rsplit("::").filter(|part| !part.starts_with('{'));
    parts.next().unwrap_or(name).to_owned()
}

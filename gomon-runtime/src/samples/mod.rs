//! The events a sampler sends, one file a fingerprint.

mod base;
mod memory;
mod process;
#[cfg(feature = "tokio")]
mod tasks;

use gomon_core::{Context, EventTracker, Tree, Value};

use crate::system::System;

/// One sampler's view of the process, with what the last set of samples found.
#[derive(Debug)]
pub(crate) struct Samples {
    parent: Context,
    system: System,
    base_sent: bool,
    memory: memory::MemorySamples,
    #[cfg(feature = "tokio")]
    tasks: Option<tasks::TaskSamples>,
}

impl Samples {
    pub(crate) fn new(
        parent: Context,
        #[cfg(feature = "tokio")] runtime: Option<tokio::runtime::Handle>,
    ) -> Self {
        Self {
            parent,
            system: System::new(),
            base_sent: false,
            memory: memory::MemorySamples::default(),
            #[cfg(feature = "tokio")]
            tasks: runtime.map(tasks::TaskSamples::new),
        }
    }

    /// Takes and sends one set of samples; the first one starts with `runtime-base`.
    pub(crate) fn send(&mut self) {
        if !self.base_sent {
            self.send_base();
        }
        self.memory.send(self.parent, &self.system);
        process::send(self.parent, &self.system);
        #[cfg(feature = "tokio")]
        if let Some(tasks) = &mut self.tasks {
            tasks.send(self.parent);
        }
    }

    fn send_base(&mut self) {
        let mut event = EventTracker::in_context(crate::keys::RUNTIME_BASE, self.parent);
        if !event.is_recording() {
            return; // switched off: sent with the first samples after gomon is switched on
        }
        base::set(&mut event, &self.system);
        #[cfg(feature = "tokio")]
        if let Some(tasks) = &self.tasks {
            tasks.set_base(&mut event);
        }
        self.base_sent = true;
    }
}

/// Sets what is known; a key whose value the platform does not give is absent.
fn set_known<'a>(event: &mut EventTracker, key: &'static str, value: Option<impl Into<Value<'a>>>) {
    if let Some(value) = value {
        event.set(key, value);
    }
}

/// A map of what is known; `None` where nothing is.
fn known_map<const N: usize>(entries: [(&'static str, Option<Tree>); N]) -> Option<Tree> {
    let map = entries
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    map.fold(None, |map, (key, value)| {
        Some(map.unwrap_or_else(Tree::map).with(key, value))
    })
}

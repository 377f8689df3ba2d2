//! Settings of plug-ins, which the core does not know.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::error::ConfigError;

/// The settings of a plug-in: a wrapper or a listener of somebody else's.
///
/// A configuration has them under `plugins` and the name, before or after the plug-in
/// [registers](register_plugin): until then they are kept.
///
/// ```
/// use gomon_core::{PluginConfig, register_plugin};
/// use serde::Deserialize;
///
/// #[derive(Debug, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct QueueConfig {
///     #[serde(default)]
///     slow_ms: u64,
/// }
///
/// impl PluginConfig for QueueConfig {
///     const NAME: &'static str = "queue";
/// }
///
/// let json = r#"{"plugins": {"queue": {"slow_ms": 50}}}"#;
/// gomon_core::set_config(serde_json::from_str(json)?)?;
/// register_plugin(|config: QueueConfig| assert_eq!(config.slow_ms, 50))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PluginConfig: DeserializeOwned + Send + 'static {
    /// What a configuration calls the plug-in.
    const NAME: &'static str;
}

/// Of a plug-in without settings: no configuration names it.
impl PluginConfig for () {
    const NAME: &'static str = "";
}

/// Gives a plug-in its settings now, and again whenever a configuration changes them: what is there for it, else an
/// empty table. `apply` is called on the thread that changes them; it must not block, nor change them itself. Who registers
/// a name again takes the place of the one before.
///
/// # Errors
///
/// What is wrong with the settings that are there; nothing is registered then. From here on a configuration
/// in which they are wrong is refused as a whole.
pub fn register_plugin<C: PluginConfig>(
    apply: impl Fn(C) + Send + Sync + 'static,
) -> Result<(), ConfigError> {
    let read: Reader = Arc::new(move |value| {
        let config: C = serde_json::from_value(value).map_err(|error| error.to_string())?;
        Ok(Box::new(config))
    });
    let apply: Applier = Arc::new(move |config| {
        if let Ok(config) = config.downcast::<C>() {
            apply(*config);
        }
    });
    register(C::NAME, Plugin::new(read, apply))?.keep();
    Ok(())
}

/// Registers a plug-in under a name, and applies what is there for it; until the registration is dropped.
pub(crate) fn register(name: &str, plugin: Plugin) -> Result<Registration, ConfigError> {
    let number = plugin.number;
    let ready = loop {
        let settings = PLUGINS.lock().settings(name);
        // Its own code runs without the lock, and meanwhile they may have changed.
        let ready = plugin.ready(name, settings.clone())?;
        let mut plugins = PLUGINS.lock();
        if plugins.settings(name) == settings {
            let old = plugins.registered.insert(name.to_owned(), plugin);
            drop(plugins);
            drop(old);
            break ready;
        }
    };
    ready.apply();
    Ok(Registration {
        name: name.to_owned(),
        number,
    })
}

/// Whether anybody registered under that name.
#[cfg(feature = "test-util")]
pub(crate) fn is_registered(name: &str) -> bool {
    PLUGINS.lock().registered.contains_key(name)
}

/// What configurations say for that name so far.
#[cfg(feature = "test-util")]
pub(crate) fn kept(name: &str) -> Value {
    PLUGINS.lock().settings(name)
}

/// A plug-in is registered while it lives, unless another took its name.
#[derive(Debug)]
pub(crate) struct Registration {
    name: String,
    number: u64,
}

/// No plug-in has it: they are counted up.
const NOBODYS: u64 = u64::MAX;

impl Registration {
    /// For the life of the process.
    fn keep(mut self) {
        self.number = NOBODYS;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut plugins = PLUGINS.lock();
        let mine = plugins.registered.get(&self.name);
        let mine = mine.is_some_and(|plugin| plugin.number == self.number);
        let removed = mine.then(|| plugins.registered.remove(&self.name));
        // The plug-in's own to drop.
        drop(plugins);
        drop(removed);
    }
}

/// Reads settings, without a change to anything.
pub(crate) type Reader = Arc<dyn Fn(Value) -> Result<Box<dyn Any>, String> + Send + Sync>;
/// Takes over what was read.
pub(crate) type Applier = Arc<dyn Fn(Box<dyn Any>) + Send + Sync>;

/// What a plug-in does with settings.
#[derive(Clone)]
pub(crate) struct Plugin {
    number: u64,
    read: Reader,
    apply: Applier,
}

/// Settings that were read and are right, to be applied once all others are.
pub(crate) struct Ready {
    apply: Applier,
    config: Box<dyn Any>,
}

impl Plugin {
    pub(crate) fn new(read: Reader, apply: Applier) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            read,
            apply,
        }
    }

    fn ready(&self, name: &str, value: Value) -> Result<Ready, ConfigError> {
        // The plug-in's own code.
        let read = std::panic::AssertUnwindSafe(|| (self.read)(value));
        let read = std::panic::catch_unwind(read).unwrap_or_else(|payload| {
            std::mem::forget(payload);
            Err("the plug-in panicked while it read its settings".to_owned())
        });
        let config = read.map_err(|message| ConfigError::new(place(name), None, message))?;
        Ok(Ready {
            apply: Arc::clone(&self.apply),
            config,
        })
    }
}

impl Ready {
    pub(crate) fn apply(self) {
        let apply = std::panic::AssertUnwindSafe(|| (self.apply)(self.config));
        if let Err(payload) = std::panic::catch_unwind(apply) {
            std::mem::forget(payload);
        }
    }
}

/// What a configuration calls a plug-in's settings.
pub(crate) fn place(name: &str) -> String {
    format!("plugins.{name}")
}

/// Reads new settings for all plug-ins that are registered and whose settings change. Nothing is changed yet.
pub(crate) fn prepare(new: &BTreeMap<String, Value>) -> Result<Vec<Ready>, ConfigError> {
    // Their code runs without the lock.
    let changed: Vec<_> = {
        let plugins = PLUGINS.lock();
        let registered = plugins.registered.iter();
        let changed = registered.filter(|(name, _)| new.get(*name) != plugins.kept.get(*name));
        changed
            .map(|(name, plugin)| (name.clone(), plugin.clone()))
            .collect()
    };
    let ready = changed.into_iter().map(|(name, plugin)| {
        let value = new.get(&name).cloned();
        plugin.ready(&name, value.unwrap_or_else(empty))
    });
    ready.collect()
}

/// Whether settings are right, as far as their plug-ins are registered.
pub(crate) fn check(new: &BTreeMap<String, Value>) -> Result<(), ConfigError> {
    for (name, value) in new {
        let plugin = PLUGINS.lock().registered.get(name.as_str()).cloned();
        if let Some(plugin) = plugin {
            plugin.ready(name, value.clone())?;
        }
    }
    Ok(())
}

/// Keeps settings for those that register later; gives back those it kept before.
pub(crate) fn keep(new: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    std::mem::replace(&mut PLUGINS.lock().kept, new)
}

struct Plugins {
    registered: BTreeMap<String, Plugin>,
    kept: BTreeMap<String, Value>,
}

impl Plugins {
    fn settings(&self, name: &str) -> Value {
        self.kept.get(name).cloned().unwrap_or_else(empty)
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

static PLUGINS: Mutex<Plugins> = Mutex::new(Plugins {
    registered: BTreeMap::new(),
    kept: BTreeMap::new(),
});

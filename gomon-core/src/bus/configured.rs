//! A factory with settings: its own, and what configurations put over them.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use crate::bus::BUS;
use crate::bus::listener::{Listener, ListenerError};
use crate::bus::supply::Make;
use crate::config::error::ConfigError;
use crate::config::plugin::{self, Plugin, PluginConfig, Registration};
use crate::life::ListenerId;

/// Makes listeners by the settings that hold; see [`Make`].
pub(crate) struct Configured<C, F> {
    /// What a configuration calls it; nobody does where there are no settings.
    name: Option<String>,
    /// What holds where no configuration says otherwise.
    base: Value,
    factory: F,
    settings: Mutex<Settings<C>>,
    registration: Mutex<Option<Registration>>,
}

struct Settings<C> {
    now: Arc<C>,
    /// Those by which a listener was made last.
    made_by: Option<Arc<C>>,
}

impl<C, F, L> Configured<C, F>
where
    C: PluginConfig + Serialize + Sync,
    F: Fn(&C) -> Result<L, ListenerError> + Send + Sync + 'static,
    L: Listener,
{
    /// With these settings, until it is [registered](Make::register).
    pub(crate) fn new(name: Option<String>, factory: F, config: C) -> Self {
        let name = name.or_else(|| Some(C::NAME.to_owned()));
        Self {
            name: name.filter(|_| !C::NAME.is_empty()),
            // What cannot be written cannot be read again: registering says so.
            base: serde_json::to_value(&config).unwrap_or_default(),
            factory,
            settings: Mutex::new(Settings {
                now: Arc::new(config),
                made_by: None,
            }),
            registration: Mutex::default(),
        }
    }

    fn make_by(&self, settings: Arc<C>) -> Result<Box<dyn Listener>, ListenerError> {
        // The user's code: without the lock.
        let listener = (self.factory)(&settings)?;
        let before = self.settings.lock().made_by.replace(settings);
        drop(before);
        Ok(Box::new(listener))
    }

    fn set(&self, config: C) {
        let config = Arc::new(config);
        let before = std::mem::replace(&mut self.settings.lock().now, config);
        drop(before);
    }
}

impl<C, F, L> Make for Configured<C, F>
where
    C: PluginConfig + Serialize + Sync,
    F: Fn(&C) -> Result<L, ListenerError> + Send + Sync + 'static,
    L: Listener,
{
    fn make(&self) -> Result<Box<dyn Listener>, ListenerError> {
        let now = Arc::clone(&self.settings.lock().now);
        self.make_by(now)
    }

    fn register(self: Arc<Self>, id: ListenerId) -> Result<(), ConfigError> {
        let Some(name) = self.name.as_deref() else {
            return Ok(());
        };
        if self.registration.lock().is_some() {
            return Ok(());
        }
        let base = self.base.clone();
        let read = move |over| {
            let settings = put_over(base.clone(), over);
            let config: C = serde_json::from_value(settings).map_err(|error| error.to_string())?;
            Ok(Box::new(config) as Box<dyn std::any::Any>)
        };
        // Not the other way round too: who registered would keep itself alive.
        let this: Weak<Self> = Arc::downgrade(&self);
        let apply = move |config: Box<dyn std::any::Any>| {
            if let (Some(this), Ok(config)) = (this.upgrade(), config.downcast::<C>()) {
                this.set(*config);
                BUS.root.replace(id);
            }
        };
        let registration = plugin::register(name, Plugin::new(Arc::new(read), Arc::new(apply)))?;
        *self.registration.lock() = Some(registration);
        Ok(())
    }

    fn unregister(&self) {
        let registration = self.registration.lock().take();
        drop(registration);
    }

    fn is_stale(&self) -> bool {
        let settings = self.settings.lock();
        let made_by = settings.made_by.as_ref();
        made_by.is_some_and(|made_by| !Arc::ptr_eq(made_by, &settings.now))
    }

    fn make_as_before(&self) -> Result<Box<dyn Listener>, ListenerError> {
        let before = self.settings.lock().made_by.clone();
        before.map_or_else(|| self.make(), |before| self.make_by(before))
    }
}

/// Puts a configuration's table over settings: each of its own, tables in tables too.
fn put_over(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, over) in over {
                let below = base.get_mut(&key).map(Value::take).unwrap_or_default();
                base.insert(key, put_over(below, over));
            }
            Value::Object(base)
        }
        (_, over) => over,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_configuration_replaces_single_settings_and_single_ones_of_tables() {
        let base = json!({"path": "a", "limits": {"bytes": 1, "files": 2}, "names": [1, 2]});
        let over = json!({"limits": {"files": 3}, "names": [3], "new": null});
        let both =
            json!({"path": "a", "limits": {"bytes": 1, "files": 3}, "names": [3], "new": null});
        assert_eq!(put_over(base.clone(), over), both);
        assert_eq!(put_over(base.clone(), json!({})), base);
    }
}

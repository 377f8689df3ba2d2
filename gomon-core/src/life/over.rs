//! What is over the program's own settings: a configuration file and the environment.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::Config;
use crate::config::error::ConfigError;
#[cfg(feature = "toml")]
use crate::config::file::File;
use crate::config::plugin::{self, Ready};
use crate::life::{CHANGING, LIFE, Life};

/// What a run starts with.
#[derive(Debug, Default)]
pub(super) struct Outer {
    config: Config,
    #[cfg(feature = "toml")]
    file: Option<File>,
    #[cfg(feature = "toml")]
    environment: Config,
}

/// Settings of plug-ins that are right, and are still to be given to them.
pub(super) struct PluginsReady {
    settings: BTreeMap<String, Value>,
    ready: Vec<Ready>,
}

impl Outer {
    #[cfg(feature = "toml")]
    pub(super) fn new(file: Option<File>, environment: Config) -> Self {
        let config = file.as_ref().map(|file| file.config.clone());
        Self {
            config: config.unwrap_or_default().with(environment.clone()),
            file,
            environment,
        }
    }

    /// Lets the plug-ins that are registered read their settings.
    pub(super) fn prepare(&self) -> Result<PluginsReady, ConfigError> {
        let _changing = CHANGING.lock();
        let settings = {
            let life = LIFE.lock();
            let code = life.config.clone().with(self.config.clone());
            let temporary = life.temporary.as_ref().map(|now| now.config.clone());
            code.with(temporary.unwrap_or_default()).plugins
        };
        let ready = plugin::prepare(&settings);
        #[cfg(feature = "toml")]
        let ready = ready.map_err(|error| match &self.file {
            Some(file) => file.error_of_plugin(&error),
            None => error,
        });
        Ok(PluginsReady {
            ready: ready?,
            settings,
        })
    }

    pub(super) fn is_watched(&self) -> bool {
        #[cfg(feature = "toml")]
        return self.file.is_some();
        #[cfg(not(feature = "toml"))]
        false
    }
}

impl PluginsReady {
    /// Keeps the settings for those that register from now on, as the listeners of a start do. Gives back what was
    /// kept before.
    pub(super) fn keep(&mut self) -> BTreeMap<String, Value> {
        plugin::keep(std::mem::take(&mut self.settings))
    }

    /// Gives them to those that were registered before, once they are kept.
    pub(super) fn give(self) {
        self.ready.into_iter().for_each(Ready::apply);
    }
}

impl Life {
    /// Puts this over what the program has set, in place of what was over it.
    pub(super) fn put_over(&mut self, outer: Outer) {
        if let Some(id) = &outer.config.application_id {
            self.application_id = Some(id.clone());
        }
        let root = self.outer().root;
        self.over = outer.config;
        let over = self.outer();
        self.overridden.put(&over);
        let other_root = root != over.root;
        #[cfg(feature = "toml")]
        {
            self.source = outer.file;
            self.environment = outer.environment;
        }
        self.apply(other_root);
    }
}

/// Reads the configuration file again; true if anything is different.
#[cfg(feature = "toml")]
pub(crate) fn reload() -> Result<bool, ConfigError> {
    let Some((source, environment)) = ({
        let life = LIFE.lock();
        life.source
            .clone()
            .map(|source| (source, life.environment.clone()))
    }) else {
        return Ok(false);
    };
    let file = File::read(&source.path)?;
    if file.text == source.text {
        return Ok(false);
    }
    let outer = Outer::new(Some(file), environment);
    let mut ready = outer.prepare()?;
    let mut life = LIFE.lock();
    let id = &outer.config.application_id;
    if id.is_some() && *id != life.application_id {
        let message = "`application_id` cannot change while gomon runs";
        return Err(ConfigError::new(
            source.path.display().to_string(),
            None,
            message,
        ));
    }
    life.put_over(outer);
    drop(life);
    ready.keep();
    ready.give();
    Ok(true)
}

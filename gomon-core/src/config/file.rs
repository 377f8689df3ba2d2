//! Settings from a file.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::config::error::ConfigError;

/// A configuration file as it was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) config: Config,
}

impl File {
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new(&shown, None, error.to_string()))?;
        if text.len() > MOST_BYTES {
            let message = format!("{} bytes are no configuration", text.len());
            return Err(ConfigError::new(shown, None, message));
        }
        let config = Config::from_toml(&text, &shown)?;
        Ok(Self {
            path: path.to_owned(),
            text,
            config,
        })
    }

    /// An error of a plug-in's settings, as one of the file that has them.
    pub(crate) fn error_of_plugin(&self, error: &ConfigError) -> ConfigError {
        let name = error.place().strip_prefix("plugins.");
        let line = name.and_then(|name| self.line_of_plugin(name));
        let message = format!("{}: {}", error.place(), error.message());
        ConfigError::new(self.path.display().to_string(), line, message)
    }

    /// The line where a plug-in's settings begin.
    fn line_of_plugin(&self, name: &str) -> Option<usize> {
        let table = format!("[plugins.{name}");
        let quoted = format!("[plugins.\"{name}\"");
        let is_table = |line: &str| line.starts_with(&table) || line.starts_with(&quoted);
        let at = self
            .text
            .lines()
            .position(|line| is_table(line.trim_start()))?;
        Some(at + 1)
    }
}

impl Config {
    /// Reads a configuration in TOML; `place` is what errors call it.
    ///
    /// # Errors
    ///
    /// What is wrong, with the line.
    pub fn from_toml(text: &str, place: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            ConfigError::new(place, line, error.message())
        })
    }
}

const MOST_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, what) in [
            ("\ncapture = 'all'", 2, "unknown variant `all`"),
            ("[root]\nincludes = []\n", 2, "unknown field `includes`"),
            (
                "application_id = 'a'\n\n[root.sampling]\nratio = 2",
                4,
                "within 0 and 1",
            ),
            ("[limits]\nchain = 9\nkeys = 0\n", 3, "limit keys must be"),
            (
                "[switches.a]\nuser = 'x'\nrows = 1\nlasting_ms = 0",
                4,
                "between 1 and 86400000, and not 0",
            ),
            ("capture = ", 1, "string"),
            (
                "[listeners.a]\non_full = 'block'",
                2,
                "unknown variant `block`",
            ),
        ] {
            let error = Config::from_toml(text, "x.toml").unwrap_err();
            assert_eq!(
                (error.place(), error.line()),
                ("x.toml", Some(line)),
                "{error}"
            );
            assert!(error.message().contains(what), "{error}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_with_its_name() {
        let error = File::read(Path::new("/nowhere/gomon.toml")).unwrap_err();
        assert!(
            error.to_string().starts_with("/nowhere/gomon.toml: "),
            "{error}"
        );
    }
}

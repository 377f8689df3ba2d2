use std::error::Error;
use std::fmt;

/// What is wrong with a configuration, and where.
///
/// ```
/// # #[cfg(feature = "toml")] {
/// let error = gomon_core::Config::from_toml("capture = 'all'", "gomon.toml").unwrap_err();
/// assert!(error.to_string().starts_with("gomon.toml:1: unknown variant `all`"));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    source: String,
    line: Option<usize>,
    message: String,
}

impl ConfigError {
    pub(crate) fn new(
        source: impl Into<String>,
        line: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            source: source.into(),
            line,
            message: message.into(),
        }
    }

    /// The file, the environment's variable or the plug-in that is wrong.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.source
    }

    /// The line of a file, from 1.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong there.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.source, self.message),
            None => write!(f, "{}: {}", self.source, self.message),
        }
    }
}

impl Error for ConfigError {}

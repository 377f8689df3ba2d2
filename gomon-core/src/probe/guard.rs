use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::probe::figure::Figure;
use crate::probe::level::Level;
use crate::probe::registry::{self, Action, Entry, File, Gauge, Row};

/// A registered probe; it is gone when this is dropped. An action that runs then runs to its end.
///
/// Figures, rows, actions and files are added one by one; one of the same kind and name takes the place of the one before. Past the
/// [bounds](crate::probe#bounds) nothing is added, and the reading counts it as refused.
#[must_use = "the probe is gone when this is dropped: keep it with what it is about"]
pub struct Probe {
    pub(super) entry: Arc<Entry>,
}

impl Probe {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// Adds a figure. Its name has the unit, unless that is a count: `connections`, `lag-secs`, `cache-bytes`.
    pub fn gauge<F: Figure>(
        &self,
        name: impl Into<Cow<'static, str>>,
        read: impl Fn() -> F + Send + Sync + 'static,
    ) -> &Self {
        let read: Gauge = Arc::new(move || read().as_f64());
        self.entry.add(name.into(), |parts| &mut parts.gauges, read);
        self
    }

    /// Adds a gauge that [cannot leak](Level), at 0.
    pub fn level(&self, name: impl Into<Cow<'static, str>>) -> Level {
        let level = Level::new();
        let shown = level.clone();
        self.gauge(name, move || shown.now());
        level
    }

    /// Adds a line of text. It is to hold no secrets: nothing masks it.
    pub fn row<T: Into<Cow<'static, str>>>(
        &self,
        name: impl Into<Cow<'static, str>>,
        read: impl Fn() -> T + Send + Sync + 'static,
    ) -> &Self {
        let read: Row = Arc::new(move || read().into());
        self.entry.add(name.into(), |parts| &mut parts.rows, read);
        self
    }

    /// Adds a file that can be downloaded, such as a profile; it is made when it is asked for. Its name tells what it is: `sql.pb`,
    /// `sql.folded`. It is to hold no secrets: nothing masks it.
    pub fn file<T: Into<Vec<u8>>>(
        &self,
        name: impl Into<Cow<'static, str>>,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> &Self {
        let make: File = Arc::new(move || make().into());
        self.entry.add(name.into(), |parts| &mut parts.files, make);
        self
    }

    /// Adds what can be tried by hand: a ping, a look-up. It is given arguments, and says how it went or why it did not.
    ///
    /// It blocks who asks for as long as it takes: one that may take long has a deadline of its own.
    pub fn action<T: Into<Cow<'static, str>>>(
        &self,
        name: impl Into<Cow<'static, str>>,
        run: impl Fn(&[&str]) -> Result<T, String> + Send + Sync + 'static,
    ) -> &Self {
        let run: Action = Arc::new(move |args: &[&str]| run(args).map(Into::into));
        self.entry.add(name.into(), |parts| &mut parts.actions, run);
        self
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("name", &self.entry.name)
            .finish_non_exhaustive()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        registry::remove(&self.entry);
    }
}

//! Where the time of SQL goes, by statement and by the line that calls it.

#[cfg(feature = "pprof")]
mod pprof;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use gomon_core::Context;
use gomon_core::probe::{self, Probe};

use crate::site::{self, Site};

/// What the statements of this process took so far, by statement and by the line that calls it.
///
/// It counts every statement whose event is recorded, sampled or not, since the program began: the difference of two profiles is
/// that of the time between them (`pprof -base`). Up to 8,192 pairs of statement and caller are counted. A new pair that comes while
/// another is entered may be missed once.
///
/// Reading it copies the counts; nothing waits for it. A program with `gomon::http::admin` has it at
/// `/gomon/file?probe=sql&name=sql.folded`, and as `sql.pb` for pprof (feature `pprof`).
///
/// ```
/// use gomon_sql::SqlProfile;
///
/// let profile = SqlProfile::read();
/// println!("{}", profile.folded()); // for flamegraph.pl, inferno, speedscope
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlProfile {
    lines: Vec<SqlProfileLine>,
}

/// What one statement took that is called by one line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SqlProfileLine {
    /// The engine, as in the events: `postgresql`.
    pub system: &'static str,
    /// The line that calls it, as `file:line`; `None` if it is not known.
    pub caller: Option<String>,
    /// `SELECT users`.
    pub summary: String,
    /// Of the normalised text, as in the events.
    pub digest: String,
    /// How often it ran.
    pub count: u64,
    /// How long all of them took, without waiting for the pool and without the time in which the rows of streams were used.
    pub total: Duration,
    /// The rows that came back.
    pub rows: u64,
    /// How many failed.
    pub errors: u64,
}

impl SqlProfile {
    /// The profile as it is now, what took the most time first.
    #[must_use]
    pub fn read() -> Self {
        let mut lines: HashMap<(&'static str, String, Option<String>), SqlProfileLine> =
            HashMap::new();
        for site in site::all() {
            let new = SqlProfileLine::of(&site);
            // The same line may call in several kinds of units of work.
            let key = (new.system, new.digest.clone(), new.caller.clone());
            match lines.entry(key) {
                Entry::Occupied(mut line) => line.get_mut().add(&new),
                Entry::Vacant(place) => _ = place.insert(new),
            }
        }
        let mut lines: Vec<SqlProfileLine> = lines.into_values().collect();
        lines.retain(|line| line.count > 0);
        lines.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.digest.cmp(&b.digest)));
        Self { lines }
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[SqlProfileLine] {
        &self.lines
    }

    /// As folded stacks: a line for each, `system;caller;summary microseconds`, which is what flame graphs are drawn from.
    #[must_use]
    pub fn folded(&self) -> String {
        let mut folded = String::new();
        for line in &self.lines {
            let [system, caller, summary] = line.frames().map(|frame| {
                let in_frame = |c: char| if c == ';' { ':' } else { c };
                let one_line = |c: char| if c.is_control() { ' ' } else { in_frame(c) };
                frame.chars().map(one_line).collect::<String>()
            });
            let micros = line.total.as_micros();
            // Writing to a `String` cannot fail.
            let _ = writeln!(folded, "{system};{caller};{summary} {micros}");
        }
        folded
    }
}

impl SqlProfileLine {
    fn of(site: &Site) -> Self {
        let totals = site.totals();
        Self {
            system: site.system,
            caller: site.caller().map(|caller| caller.to_string()),
            summary: site.summary.to_string(),
            digest: site.digest.to_string(),
            count: totals.count,
            total: Duration::from_nanos(totals.nanos),
            rows: totals.rows,
            errors: totals.errors,
        }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.total += other.total;
        self.rows += other.rows;
        self.errors += other.errors;
    }

    /// The stack that it stands for, the outermost first.
    fn frames(&self) -> [&str; 3] {
        let summary = match self.summary.as_str() {
            "" => self.digest.as_str(),
            summary => summary,
        };
        [
            self.system,
            self.caller.as_deref().unwrap_or("unknown caller"),
            summary,
        ]
    }
}

/// Lets the program be asked for it over `/gomon/file`, from now on.
pub(crate) fn offer() {
    static PROBE: OnceLock<Option<Probe>> = OnceLock::new();
    PROBE.get_or_init(|| {
        // Who is the first to use SQL in a test registers for the process all the same.
        let probe = Context::unmonitored()
            .enter(|| probe::register("sql"))
            .ok()?;
        probe.file("sql.folded", || SqlProfile::read().folded());
        #[cfg(feature = "pprof")]
        probe.file("sql.pb", || SqlProfile::read().pprof());
        Some(probe)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(caller: Option<&str>, summary: &str, micros: u64) -> SqlProfileLine {
        SqlProfileLine {
            system: "sqlite",
            caller: caller.map(str::to_owned),
            summary: summary.to_owned(),
            digest: "00ff".to_owned(),
            count: 2,
            total: Duration::from_micros(micros),
            rows: 7,
            errors: 0,
        }
    }

    pub(super) fn profile() -> SqlProfile {
        SqlProfile {
            lines: vec![
                line(Some("src/orders.rs:12"), "SELECT orders", 1500),
                line(None, "", 20),
            ],
        }
    }

    #[test]
    fn a_stack_is_folded_into_a_line() {
        assert_eq!(
            profile().folded(),
            "sqlite;src/orders.rs:12;SELECT orders 1500\nsqlite;unknown caller;00ff 20\n"
        );
    }

    #[test]
    fn nothing_in_a_frame_parts_it() {
        let profile = SqlProfile {
            lines: vec![line(Some("a;b.rs:1"), "SELECT \"x;\ny\"", 1)],
        };
        assert_eq!(profile.folded(), "sqlite;a:b.rs:1;SELECT \"x: y\" 1\n");
    }
}

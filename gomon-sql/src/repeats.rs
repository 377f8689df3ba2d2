//! Statements that ran again and again in one unit of work.
//!
//! When are its events sent? When the unit ends, right before its own event: `sql-duplicate` for a statement that was asked each
//! time with the same values, `sql-nplusone` for others; one event each, however often it ran.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use gomon_core::{EventTracker, Uuid, wait};

use crate::keys::{self, fp};
use crate::site::{Caller, Site};
use crate::statement::Statement;

/// One statement that ended well.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) parent: Option<Uuid>,
    pub(crate) statement: Arc<Statement>,
    pub(crate) lapsed: Duration,
    /// Stands for its text and its values, where they are known.
    pub(crate) identity: Option<u64>,
    /// The line that said it itself.
    pub(crate) caller: Option<&'static Location<'static>>,
    pub(crate) site: Option<Arc<Site>>,
    /// From how many on it is told of.
    pub(crate) threshold: u32,
}

/// The statements of a unit of work.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    groups: Vec<Group>,
}

/// Those that differ in values alone, under one parent.
#[derive(Debug)]
struct Group {
    /// The latest of them, but for its time.
    run: Run,
    count: u32,
    /// How many were the same as the one before, values included.
    same: u32,
    total: Duration,
}

impl Repeats {
    pub(crate) fn note(&mut self, run: Run) {
        let same_group = |group: &&mut Group| {
            group.run.parent == run.parent
                && group.run.statement.digest_number == run.statement.digest_number
        };
        if let Some(group) = self.groups.iter_mut().find(same_group) {
            group.add(run);
        } else if self.groups.len() < MOST {
            self.groups.push(Group::of(run));
        }
    }
}

impl Group {
    fn of(run: Run) -> Self {
        Self {
            count: 1,
            same: 0,
            total: run.lapsed,
            run,
        }
    }

    fn add(&mut self, run: Run) {
        self.count = self.count.saturating_add(1);
        self.total = self.total.saturating_add(run.lapsed);
        if run.identity.is_some() && run.identity == self.run.identity {
            self.same += 1;
        }
        let (caller, site) = (run.caller.or(self.run.caller), run.site.clone());
        let site = site.or(self.run.site.take());
        self.run = Run {
            caller,
            site,
            ..run
        };
    }

    fn tell(&self, unit: &EventTracker) {
        let statement = &self.run.statement;
        let (fp, hint) = match (self.same + 1 == self.count, statement.writes) {
            (true, false) if !may_be_kept(statement) => return,
            (false, false) if is_read_in_parts(statement) => return,
            (true, false) => (fp::DUPLICATE, ASKED_AGAIN),
            (false, false) => (fp::NPLUSONE, READ_ONE_BY_ONE),
            (_, true) => (fp::NPLUSONE, WRITTEN_ONE_BY_ONE),
        };
        let mut finding = unit.child(fp);
        finding
            .set(keys::DIGEST, statement.digest.as_str())
            .set(keys::SUMMARY, statement.summary.as_str())
            .set(keys::COUNT, self.count)
            .set(keys::TOTAL, self.total)
            .set(keys::HINT, hint);
        // It may have been found since the statement ran.
        let found = || self.run.site.as_ref()?.caller();
        let caller = self.run.caller.map(Caller::Exact).or_else(found);
        if let Some(caller) = caller {
            caller.tell(&mut finding);
        }
    }
}

impl wait::Kept for Repeats {
    fn unit_ended(&mut self, unit: &mut EventTracker) {
        for group in &self.groups {
            if group.count >= group.run.threshold {
                group.tell(unit);
            }
        }
    }
}

/// Its answer may be kept: it is neither that of a function, which may be another each time, nor rows that are taken for oneself.
fn may_be_kept(statement: &Statement) -> bool {
    let words = || {
        let text = statement
            .query
            .split(|c: char| !(c.is_alphanumeric() || c == '_'));
        text.filter(|word| !word.is_empty())
    };
    let mut pairs = words().zip(words().skip(1));
    let locks = pairs.any(|(word, next)| {
        let is = |(before, after): &(&str, &str)| {
            word.eq_ignore_ascii_case(before) && next.eq_ignore_ascii_case(after)
        };
        LOCKS.iter().any(is)
    });
    statement.reads_a_table() && !locks
}

/// It reads many at a time already: page by page, or for several values of a list.
fn is_read_in_parts(statement: &Statement) -> bool {
    let words = || statement.query.split_ascii_whitespace();
    let mut pairs = words().zip(words().skip(1));
    let pages = pairs.any(|(word, next)| {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        is_value(next) && (is("OFFSET") || is("LIMIT") && next.ends_with(','))
    });
    let mut parts = statement.query.split('(');
    let mut before = parts.next().unwrap_or_default();
    let has_list =
        parts.any(|part| is_in(std::mem::replace(&mut before, part)) && is_list_of_values(part));
    pages || has_list
}

fn is_value(text: &str) -> bool {
    text.starts_with(['?', '$', ':', '@'])
}

fn is_in(before: &str) -> bool {
    let last = before.split_ascii_whitespace().last();
    last.is_some_and(|word| word.eq_ignore_ascii_case("IN"))
}

/// `?, ?…`, at the beginning of what is in parentheses.
fn is_list_of_values(text: &str) -> bool {
    let mut values = text.split(',').map(str::trim_start);
    let mut next = || values.next().is_some_and(is_value);
    next() && next()
}

/// How a query takes locks.
const LOCKS: [(&str, &str); 5] = [
    ("FOR", "UPDATE"),
    ("FOR", "SHARE"),
    ("FOR", "NO"),
    ("FOR", "KEY"),
    ("LOCK", "IN"),
];

const ASKED_AGAIN: &str = "the same was asked each time: keep the answer";
const READ_ONE_BY_ONE: &str = "read them by one statement: a join, or an IN list of all the values";
const WRITTEN_ONE_BY_ONE: &str = "write them by one statement of many rows";

/// Different statements of one unit of work that are counted; later ones are not.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::{is_read_in_parts, may_be_kept};
    use crate::statement::{Dialect, Statement};

    #[test]
    fn an_answer_may_be_kept_that_is_read_from_a_table_without_a_lock() {
        for (sql, kept) in [
            ("SELECT a FROM jobs", true),
            ("SELECT a FROM jobs WHERE kind = 'for update'", true),
            ("SELECT a FROM jobs for  update SKIP LOCKED", false),
            ("SELECT a FROM jobs FOR NO KEY UPDATE", false),
            ("SELECT a FROM jobs FOR SHARE;", false),
            ("SELECT a FROM jobs LOCK IN SHARE MODE", false),
            ("SELECT nextval('ids')", false),
            ("SHOW search_path", false),
        ] {
            let statement = Statement::read(sql, Dialect::Postgres);
            assert_eq!(may_be_kept(&statement), kept, "{sql}");
        }
    }

    #[test]
    fn pages_and_lists_are_parts() {
        for (sql, parts) in [
            ("SELECT a FROM t WHERE id = $1", false),
            ("SELECT a FROM t WHERE id = $1 LIMIT 1", false),
            ("SELECT offset FROM t WHERE id = $1", false),
            ("SELECT a FROM t LIMIT 5, 10", true),
            ("SELECT a FROM t WHERE id IN ($1)", false),
            ("SELECT a FROM t WHERE id = coalesce($1, $2)", false),
            ("SELECT a FROM t ORDER BY id LIMIT 5 OFFSET $1", true),
            ("SELECT a FROM t WHERE id IN ($1, $2)", true),
            ("SELECT a FROM t WHERE id in (1,2,3)", true),
        ] {
            let statement = Statement::read(sql, Dialect::Postgres);
            assert_eq!(is_read_in_parts(&statement), parts, "{sql}");
        }
    }
}

use std::fmt::{self, Display, Formatter};

use crate::keys;
use crate::mask::names::matches_exactly;
use crate::testing::bound::{Bound, count};
use crate::testing::keys::{CALLER, QUERY, STATEMENTS, SUMMARY};
use crate::testing::tally::Tally;
use crate::testing::{Recorded, Recorder};

/// The statements of a test: closing events `sql-wconn-queryctx` and `sql-wstmt-execctx`.
///
/// Displayed, they are grouped by digest, the most frequent first, with text, callers, and how many
/// have one and the same parent: an N+1.
#[derive(Clone, Debug)]
pub struct Queries {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    event: Recorded,
    /// Its parent in words, and that one's id.
    cause: Option<String>,
}

/// Asserts how many SQL statements ran: `==`, `<=`, `<`, `>=` or `>`, and of which summary if not
/// of all (`*` is any characters there). BEGIN, COMMIT and the like are no statements.
///
/// ```
/// use gomon_core::testing::{assert_queries, with_recorder};
/// # use gomon_core::EventTracker;
/// # fn load_the_cart() {
/// #     EventTracker::new("sql-wconn-queryctx").set("summary", "SELECT users");
/// # }
///
/// with_recorder(|recorder| {
///     load_the_cart();
///     assert_queries!(recorder, <= 3);
///     assert_queries!(recorder, == 1, of "SELECT users");
/// });
/// ```
///
/// # Panics
///
/// If there were more or less, with the statements by digest, their counts and callers; if the
/// events do not arrive within 10 seconds.
#[macro_export]
macro_rules! assert_queries {
    ($recorder:expr, $op:tt $count:expr $(, of $summary:expr)? $(,)?) => {
        $crate::testing::check(
            $recorder
                .queries()
                $(.of($summary))?
                .difference($crate::__bound!($op $crate::testing::count($count))),
        )
    };
}

impl Recorder {
    /// The statements so far, in the order in which they ended.
    ///
    /// # Panics
    ///
    /// If they do not arrive within 10 seconds.
    #[must_use]
    pub fn queries(&self) -> Queries {
        let events = self.events();
        let statements = events
            .iter()
            .filter(|event| STATEMENTS.contains(&event.fp()))
            .map(|event| Statement {
                event: event.clone(),
                cause: events
                    .iter()
                    .find(|other| event.is_child_of(other))
                    .map(in_words),
            });
        Queries {
            statements: statements.collect(),
        }
    }
}

impl Queries {
    /// Those whose summary is like that; `*` is any characters.
    #[must_use]
    pub fn of(mut self, summary: &str) -> Self {
        let is_meant = |one: &Statement| matches_exactly(summary, one.event.text(SUMMARY));
        self.statements.retain(is_meant);
        self
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.statements.len()
    }

    /// Their events.
    pub fn iter(&self) -> impl Iterator<Item = &Recorded> {
        self.statements.iter().map(|one| &one.event)
    }

    /// What [`assert_queries!`](crate::assert_queries) would say; `None` if so many are allowed.
    #[must_use]
    pub fn difference(&self, bound: Bound) -> Option<String> {
        if bound.allows(count(self.count())) {
            return None;
        }
        let count = self.count();
        let listed = match count {
            0 => String::new(),
            _ => format!("\n\n{self}"),
        };
        Some(format!(
            "{count} SQL statements, and {bound} expected{listed}"
        ))
    }
}

impl Display for Queries {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digests = Tally::of(self.statements.iter().map(Statement::digest)).by_count();
        for (digest, count) in digests {
            let same = self.statements.iter().filter(|one| one.digest() == digest);
            let same: Vec<&Statement> = same.collect();
            write_group(f, &same, count)?;
        }
        Ok(())
    }
}

impl Statement {
    /// What is the same in all statements that differ by their values only.
    fn digest(&self) -> &str {
        let known = [keys::DIGEST, QUERY, SUMMARY].map(|key| self.event.text(key));
        let known = known.into_iter().find(|text| !text.is_empty());
        known.unwrap_or_else(|| self.event.fp())
    }
}

fn write_group(f: &mut Formatter<'_>, same: &[&Statement], count: usize) -> fmt::Result {
    let Some(first) = same.first() else {
        return Ok(());
    };
    let summary = match first.event.text(SUMMARY) {
        "" => first.event.fp(),
        summary => summary,
    };
    write!(f, "{count:5} x {summary}")?;
    let parents = Tally::of(same.iter().map(|one| one.event.parent())).by_count();
    if let Some((parent, repeated)) = parents.first()
        && *repeated >= MANY
    {
        let mut causes = same.iter().filter(|one| one.event.parent() == *parent);
        let cause = causes.find_map(|one| one.cause.as_deref());
        let cause = cause.unwrap_or("parent");
        write!(f, "  <- N+1? {repeated} in one {cause}")?;
    }
    writeln!(f)?;
    if let Some(query) = first.event.get(QUERY).and_then(|query| query.as_str()) {
        writeln!(f, "        {}", on_one_line(query))?;
    }
    for (caller, count) in Tally::of(same.iter().map(|one| one.event.text(CALLER))).by_count() {
        let caller = match caller {
            "" => "an unknown caller",
            caller => caller,
        };
        writeln!(f, "        at {caller} x {count}")?;
    }
    Ok(())
}

/// The fingerprint, and what it was about.
fn in_words(event: &Recorded) -> String {
    let about = [keys::ROUTE, keys::NAME].map(|key| event.text(key));
    match about.into_iter().find(|text| !text.is_empty()) {
        Some(about) => format!("{} {about}", event.fp()),
        None => event.fp().to_owned(),
    }
}

fn on_one_line(query: &str) -> String {
    let words: Vec<&str> = query.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or(&line)),
        None => line,
    }
}

/// So many of a digest with one parent look like one for each row of another.
const MANY: usize = 3;
const LONGEST: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventTracker;
    use crate::testing::with_recorder;

    fn statement(parent: &EventTracker, fp: &'static str, summary: &'static str, line: u32) {
        let mut statement = parent.child(fp);
        statement
            .set("summary", summary)
            .set("digest", format!("digest of {summary}"))
            .set("query", format!("{summary}\n   WHERE id = ?"))
            .set("caller", format!("src/cart.rs:{line}"));
    }

    /// Five statements under one request, of which three are alike, and what is none.
    fn cart(recorder: &Recorder) {
        recorder.run(|| {
            let mut request = EventTracker::new("http-wmux-servehttp");
            request.set("route", "/cart/{id}");
            statement(&request, "sql-wconn-queryctx", "SELECT carts", 7);
            for line in [11, 11, 12] {
                statement(&request, "sql-wconn-queryctx", "SELECT items", line);
            }
            request.child("sql-wtx-commit").finish();
            request.child("sql-wstmt-execctx").finish();
        });
    }

    #[test]
    fn statements_are_counted_all_or_by_summary() {
        with_recorder(|recorder| {
            cart(recorder);
            assert_queries!(recorder, == 5);
            assert_queries!(recorder, <= 3, of "SELECT items");
            assert_queries!(recorder, > 3, of "SELECT *");
            assert_queries!(recorder, < 1, of "DELETE *",);
        });
    }

    #[test]
    fn too_many_statements_are_listed_by_digest_with_their_callers() {
        let recorder = Recorder::new();
        cart(&recorder);
        let said = recorder.queries().difference(Bound::AtMost(3)).unwrap();
        assert_eq!(
            said,
            "5 SQL statements, and at most 3 expected

    3 x SELECT items  <- N+1? 3 in one http-wmux-servehttp /cart/{id}
        SELECT items WHERE id = ?
        at src/cart.rs:11 x 2
        at src/cart.rs:12 x 1
    1 x SELECT carts
        SELECT carts WHERE id = ?
        at src/cart.rs:7 x 1
    1 x sql-wstmt-execctx
        at an unknown caller x 1
"
        );
    }

    #[test]
    fn without_statements_it_says_so() {
        let said = Recorder::new().queries().difference(Bound::AtLeast(1));
        assert_eq!(said.unwrap(), "0 SQL statements, and at least 1 expected");
    }

    #[test]
    #[should_panic(expected = "5 SQL statements, and exactly 4 expected")]
    fn the_assertion_fails_with_the_list() {
        with_recorder(|recorder| {
            cart(recorder);
            assert_queries!(recorder, == 4);
        });
    }
}

//! Comments that statements take to the server, for its own logs and views: the format of sqlcommenter
//! (<https://google.github.io/sqlcommenter/spec/>).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use gomon_core::Context;
use parking_lot::RwLock;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// What statements of a monitored pool say of their service, in a comment at their end: `/*application='shop'*/`.
///
/// Tags are the same for every statement, so that statements prepared before are found again. A [`traceparent`](Self::traceparent)
/// is not: statements with one are sent unprepared, or each of them would take a place among those that connection and
/// server keep.
///
/// A text that has a comment already stays as it is, and so does a `CREATE` or an `ALTER`, whose text servers keep. The events show the text without the comment.
///
/// ```
/// use gomon_sql::{SqlComments, SqlConfig};
///
/// let comments = SqlComments::new().tag("application", "shop");
/// let config = SqlConfig::new().comments(comments);
/// # let _ = config;
/// ```
#[derive(Clone, Default)]
pub struct SqlComments {
    tags: BTreeMap<String, String>,
    has_traceparent: bool,
    /// Texts with their tags.
    commented: Arc<RwLock<HashMap<Arc<str>, SqlStr>>>,
}

impl SqlComments {
    /// No comments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tag, or changes it. Both are percent-encoded where sqlcommenter asks for it.
    ///
    /// It is not to hold secrets: the server logs it.
    #[must_use]
    pub fn tag(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (key, value) = (key.into(), value.into());
        if !key.is_empty() {
            self.tags.insert(encode(&key), encode(&value));
        }
        self.commented = Arc::default();
        self
    }

    /// Adds the `traceparent` of what the statement is a part of: the server's log leads to the trace. Statements are then not
    /// prepared for later use, which costs a round trip or a parse each.
    #[must_use]
    pub fn traceparent(mut self) -> Self {
        self.has_traceparent = true;
        self
    }

    /// Whether each text is another one.
    pub(crate) fn vary(&self) -> bool {
        self.has_traceparent
    }

    /// The text with the tags and, where wanted, the `traceparent` of that context.
    pub(crate) fn add(&self, sql: &SqlStr, context: Context) -> SqlStr {
        let traceparent = context.traceparent().filter(|_| self.has_traceparent);
        let Some(traceparent) = traceparent else {
            return self.add_tags(sql);
        };
        let mut tags = self.tags.clone();
        tags.insert("traceparent".to_owned(), traceparent.as_str().to_owned());
        commented(sql.as_str(), &tags).map_or_else(|| sql.clone(), own)
    }

    /// The text with the tags.
    pub(crate) fn add_tags(&self, sql: &SqlStr) -> SqlStr {
        if let Some(known) = self.commented.read().get(sql.as_str()) {
            return known.clone();
        }
        let Some(text) = commented(sql.as_str(), &self.tags) else {
            return sql.clone();
        };
        let text = own(text);
        if text.as_str().len() <= LONGEST {
            let mut known = self.commented.write();
            if known.len() < MOST {
                known.insert(sql.as_str().into(), text.clone());
            }
        }
        text
    }
}

impl fmt::Debug for SqlComments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlComments")
            .field("tags", &self.tags)
            .field("has_traceparent", &self.has_traceparent)
            .finish_non_exhaustive()
    }
}

fn own(text: String) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
}

/// `None` where there is nothing to say, or somebody said something.
fn commented(sql: &str, tags: &BTreeMap<String, String>) -> Option<String> {
    if tags.is_empty() || sql.contains("/*") || sql.trim().is_empty() || is_kept(sql) {
        return None;
    }
    let statement = sql.trim_end().trim_end_matches(';').trim_end();
    let semicolon = sql.trim_end().ends_with(';');
    let pairs = tags.iter().map(|(key, value)| format!("{key}='{value}'"));
    let pairs = pairs.collect::<Vec<_>>().join(",");
    // A statement may end in a comment of the other kind, which reaches to the end of its line.
    let blank = if statement.contains("--") || statement.contains('#') {
        "\n"
    } else {
        " "
    };
    let end = if semicolon { ";" } else { "" };
    Some(format!("{statement}{blank}/*{pairs}*/{end}"))
}

/// The server keeps the text: SQLite that of tables and views, as others do of functions.
fn is_kept(sql: &str) -> bool {
    let first = |statement: &str| {
        let lines = statement.lines().map(str::trim_start);
        lines
            .filter(|line| !line.starts_with("--") && !line.starts_with('#'))
            .find_map(|line| line.split_ascii_whitespace().next())
            .is_some_and(|word| KEPT.iter().any(|kept| word.eq_ignore_ascii_case(kept)))
    };
    sql.split(';').any(first)
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// As `encodeURIComponent`, and the quote.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'(')
    .remove(b')');

/// How what is kept by the server begins.
const KEPT: [&str; 2] = ["CREATE", "ALTER"];

/// Texts that are kept with their tags, and their bytes; others are put together each time.
const MOST: usize = 1024;
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn add(comments: &SqlComments, sql: &'static str) -> String {
        let text = comments.add(&SqlStr::from_static(sql), Context::application());
        text.as_str().to_owned()
    }

    #[test]
    fn tags_are_sorted_encoded_and_come_last() {
        let comments = SqlComments::new()
            .tag("route", "/users/{id}")
            .tag("application", "O'Brien's shop");
        let tags = "/*application='O%27Brien%27s%20shop',route='%2Fusers%2F%7Bid%7D'*/";
        assert_eq!(add(&comments, "SELECT 1"), format!("SELECT 1 {tags}"));
        assert_eq!(add(&comments, "SELECT 1 ; "), format!("SELECT 1 {tags};"));
        assert_eq!(
            add(&comments, "SELECT 1 -- one"),
            format!("SELECT 1 -- one\n{tags}")
        );
    }

    #[test]
    fn a_text_that_has_a_comment_or_is_kept_stays_as_it_is() {
        let comments = SqlComments::new().tag("a", "b");
        for sql in [
            "SELECT /* one */ 1",
            "",
            " ",
            "CREATE VIEW v AS SELECT 1",
            "-- a view\n  create view v AS SELECT 1",
            "ALTER TABLE t ADD COLUMN b",
            "DROP VIEW v; CREATE VIEW v AS SELECT 1",
        ] {
            assert_eq!(add(&comments, sql), sql);
        }
        assert_eq!(add(&SqlComments::new(), "SELECT 1"), "SELECT 1");
    }

    #[test]
    fn a_comment_cannot_be_left() {
        let comments = SqlComments::new().tag("a*/", "'*/; DROP TABLE t; --");
        let text = add(&comments, "SELECT 1");
        assert_eq!(text.matches("*/").count(), 1, "{text}");
        assert!(text.ends_with("*/"), "{text}");
    }

    #[test]
    fn no_more_texts_are_kept_than_there_is_room_for() {
        let comments = SqlComments::new().tag("a", "b");
        for i in 0..2000 {
            let sql = AssertSqlSafe(format!("SELECT {i}")).into_sql_str();
            let text = comments.add_tags(&sql);
            assert_eq!(text.as_str(), format!("SELECT {i} /*a='b'*/"));
        }
        assert_eq!(comments.commented.read().len(), MOST);

        let comments = SqlComments::new().tag("a", "b");
        for bytes in [LONGEST - 30, LONGEST] {
            let sql = format!("SELECT '{}'", "x".repeat(bytes));
            let text = comments.add_tags(&AssertSqlSafe(sql.clone()).into_sql_str());
            assert_eq!(text.as_str(), format!("{sql} /*a='b'*/"));
        }
        assert_eq!(comments.commented.read().len(), 1, "a long one");
    }
}

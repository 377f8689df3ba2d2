use std::fmt::{self, Display, Formatter};
use std::ops::Index;

use serde_json::Value;

use crate::clock::Stamp;
use crate::event::Event;
use crate::keys::DIGEST;
use crate::testing::keys::CALLER;

/// An event as its JSON says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    json: Value,
    began: Stamp,
}

impl Recorded {
    pub(super) fn new(event: &Event) -> Self {
        let json = event.to_json();
        Self {
            json: serde_json::from_str(&json).unwrap_or(Value::String(json)),
            began: event.record.start,
        }
    }

    /// The fingerprint.
    #[must_use]
    pub fn fp(&self) -> &str {
        self.text("gomon:fp")
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The parent's id.
    #[must_use]
    pub fn parent(&self) -> &str {
        self.text("parent")
    }

    /// The outcome; empty for an opening event.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.text("gomon:outcome")
    }

    /// When it started: Unix time in nanoseconds.
    #[must_use]
    pub fn start(&self) -> u64 {
        self["gomon:start"].as_u64().unwrap_or(0)
    }

    /// From start to finish, in nanoseconds.
    #[must_use]
    pub fn lapsed(&self) -> u64 {
        self["gomon:lapsed"].as_u64().unwrap_or(0)
    }

    /// Whether it is an opening event.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.get("gomon:open").is_some()
    }

    /// Whether it is marked as an event that lost its cause.
    #[must_use]
    pub fn is_orphan(&self) -> bool {
        self.get("orphan").is_some()
    }

    /// Whether the other event is its parent.
    #[must_use]
    pub fn is_child_of(&self, other: &Recorded) -> bool {
        self.parent() == other.id()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.json.get(key)
    }

    /// The value at a path of keys and places in lists, such as `url.path` or `error.0.msg`; a key
    /// that has the path's name itself goes first.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        at(&self.json, path)
    }

    /// Where it comes from: the caller where it is known, else the statement or the host, else
    /// what it is.
    #[must_use]
    pub fn site(&self) -> &str {
        let known = [CALLER, DIGEST, "url.host"];
        let known = known
            .iter()
            .find_map(|path| self.at(path).and_then(Value::as_str));
        known.unwrap_or(self.fp())
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or("")
    }

    pub(super) fn json(&self) -> &Value {
        &self.json
    }

    /// The stamp of its start, which also tells apart what began at the same nanosecond.
    pub(super) fn began(&self) -> Stamp {
        self.began
    }
}

/// The value of a key; `null` where there is none.
impl Index<&str> for Recorded {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }
}

impl Display for Recorded {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.json.fmt(f)
    }
}

fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let direct = match value {
        Value::Array(items) => path.parse().ok().and_then(|at: usize| items.get(at)),
        other => other.get(path),
    };
    direct.or_else(|| {
        let (first, rest) = path.split_once('.')?;
        at(at(value, first)?, rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_recorder;
    use crate::{EventTracker, Tree};

    fn event() -> Recorded {
        with_recorder(|recorder| {
            let mut tracker = EventTracker::new("call");
            tracker.set("url", Tree::map().with("host", "db").with("a.b", 3));
            tracker.add_error_msg("no");
            tracker.finish();
            recorder.one("call")
        })
    }

    #[test]
    fn a_path_goes_into_maps_and_lists_and_a_whole_name_comes_first() {
        let event = event();
        let text = |path| event.at(path).and_then(Value::as_str);
        assert_eq!(text("url.host"), Some("db"));
        assert_eq!(text("error.0.msg"), Some("no"));
        assert_eq!(event.at("url.a.b"), Some(&3.into()));
        assert_eq!(
            [event.at("url.nothing"), event.at("error.1.msg")],
            [None; 2]
        );
    }

    #[test]
    fn the_site_is_the_host_where_there_is_no_caller_and_no_statement() {
        assert_eq!(event().site(), "db");
    }
}

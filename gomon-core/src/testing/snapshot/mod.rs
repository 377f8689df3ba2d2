mod diff;
mod file;
mod names;
mod redaction;
mod stable;

#[doc(hidden)]
pub use file::beside;

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use serde_json::Value;

use crate::clock::manual::ManualClock;
use crate::testing::{Recorded, Recorder};
use file::Mode;
use redaction::Redaction;
use stable::{Lines, Stable, Times};

/// All events of a test as JSON that is the same at each run: [`Recorder::snapshot`] makes it, and
/// [`assert_snapshot!`](crate::assert_snapshot) compares it with a file.
///
/// The events are in the order in which they began, an opening event before its closing one.
///
/// | what differs from run to run | stands there as |
/// |---|---|
/// | ids of events | `id-1`, `id-2` in that order; the application's is `application`, that of an event not recorded `other-1` |
/// | trace ids | `trace-1` |
/// | `exec`, and `app-id` where none was given | `[exec]` |
/// | times | by a [manual clock](Recorder::manual_clock) as they are, `gomon:start` from the first event on; else `[time]` |
/// | lines of the source | `src/a.rs:[line]`, unless [kept](Self::with_lines) |
/// | what else one names | `[any]`, by [`redact`](Self::redact) |
///
/// Ids and `traceparent` headers are found wherever they stand.
#[derive(Clone, Debug)]
pub struct JsonSnapshot {
    events: Vec<Recorded>,
    applications: Vec<String>,
    times: Times,
    lines: Lines,
    redactions: Vec<Redaction>,
}

/// Asserts that the events are those of a snapshot, a JSON file whose path is relative to that of
/// the test. With `UPDATE_SNAPSHOTS=1` in the environment the file is written instead.
///
/// Takes a recorder, or a [`JsonSnapshot`](crate::testing::JsonSnapshot) that was told what to leave
/// out.
///
/// ```no_run
/// use gomon_core::EventTracker;
/// use gomon_core::testing::{assert_snapshot, with_recorder};
///
/// with_recorder(|recorder| {
///     let clock = recorder.manual_clock();
///     let import = EventTracker::new("import");
///     clock.advance(std::time::Duration::from_millis(5));
///     import.finish();
///     assert_snapshot!(recorder, "snapshots/import.json");
///     assert_snapshot!(recorder.snapshot().redact("url.host"), "snapshots/import.json");
/// });
/// ```
///
/// # Panics
///
/// If they differ, with the lines that do; if there is no such file, or it cannot be written; if the
/// events do not arrive within 10 seconds.
#[macro_export]
macro_rules! assert_snapshot {
    ($subject:expr, $path:expr $(,)?) => {
        $crate::testing::check($subject.snapshot().difference(&$crate::testing::beside(
            ::core::env!("CARGO_MANIFEST_DIR"),
            ::core::file!(),
            $path,
        )))
    };
}

impl Recorder {
    /// Everything recorded so far, as JSON that is the same at each run.
    ///
    /// # Panics
    ///
    /// If the events do not arrive within 10 seconds.
    #[must_use]
    pub fn snapshot(&self) -> JsonSnapshot {
        let mut events = self.records();
        events.sort_by_key(|event| (event.began(), !event.is_open()));
        let times = match ManualClock::held(self.scope_number()) {
            Some(_) => Times::Kept,
            None => Times::Hidden,
        };
        JsonSnapshot {
            events,
            applications: self.applications(),
            times,
            lines: Lines::Hidden,
            redactions: Vec::new(),
        }
    }
}

impl JsonSnapshot {
    /// Puts `[any]` where that path leads in each event: keys and places in lists with dots between
    /// them, `*` for any of them. `remoteaddr`, `url.host`, `headers.*.0`.
    #[must_use]
    pub fn redact(mut self, path: &str) -> Self {
        self.redactions.push(Redaction::new(path));
        self
    }

    /// Keeps the numbers of lines in `location` and `caller`.
    #[must_use]
    pub fn with_lines(mut self) -> Self {
        self.lines = Lines::Kept;
        self
    }

    /// The same, so that assertions take recorders and snapshots.
    #[doc(hidden)]
    #[must_use]
    pub fn snapshot(self) -> Self {
        self
    }

    /// The JSON: a list of events, indented, with a line break at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut stable = Stable::new(&self.events, &self.applications, self.times, self.lines);
        let events = self.events.iter().map(|event| {
            let mut event = event.json().clone();
            for redaction in &self.redactions {
                redaction.apply(&mut event);
            }
            stable.event(event)
        });
        let events = Value::Array(events.collect());
        format!("{events:#}\n")
    }

    /// What [`assert_snapshot!`](crate::assert_snapshot) would say of a file; `None` if it is the
    /// same, or was written.
    #[must_use]
    pub fn difference(&self, file: &Path) -> Option<String> {
        file::difference(file, &self.to_json(), Mode::of_environment())
    }
}

impl Display for JsonSnapshot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::with_recorder;
    use crate::{EventTracker, Outcome, Tree};

    /// An opening and a closing event, a child that refers to it, and a detail inside.
    fn connection(recorder: &Recorder, pass: impl Fn()) {
        recorder.run(|| {
            let mut conn = EventTracker::new("net-conn");
            pass();
            conn.send_opening();
            let mut call = conn.child("http-roundtripper");
            let traceparent = call.context().traceparent().unwrap().to_string();
            let headers = Tree::map().with("traceparent", vec![Tree::from(traceparent)]);
            call.set("conn", conn.id().unwrap().to_string())
                .set("headers", headers)
                .set(
                    "url",
                    Tree::map().with("host", "127.0.0.1:4821").with("path", "/"),
                )
                .set("first-byte", 12);
            call.add_error_msg("no").mark(Outcome::TimedOut);
            call.embed(conn.child("dns-lookup"));
            pass();
            call.finish();
        });
    }

    #[test]
    fn what_differs_from_run_to_run_has_stable_names() {
        let recorder = Recorder::new();
        connection(&recorder, || {});
        let json = recorder.snapshot().redact("url.host").to_json();
        let expected = r#"[
  {
    "id": "id-1",
    "parent": "application",
    "app-id": "[exec]",
    "exec": "[exec]",
    "gomon:fp": "net-conn",
    "gomon:start": "[time]",
    "gomon:trace": "trace-1",
    "gomon:open": true
  },
  {
    "id": "id-1",
    "parent": "application",
    "app-id": "[exec]",
    "exec": "[exec]",
    "gomon:fp": "net-conn",
    "gomon:start": "[time]",
    "gomon:lapsed": "[time]",
    "gomon:trace": "trace-1",
    "gomon:outcome": "completed"
  },
  {
    "id": "id-2",
    "parent": "id-1",
    "app-id": "[exec]",
    "exec": "[exec]",
    "gomon:fp": "http-roundtripper",
    "gomon:start": "[time]",
    "gomon:lapsed": "[time]",
    "gomon:trace": "trace-1",
    "gomon:outcome": "timed-out",
    "conn": "id-1",
    "headers": {
      "traceparent": [
        "00-trace-1-id-2-03"
      ]
    },
    "url": {
      "host": "[any]",
      "path": "/"
    },
    "first-byte": "[time]",
    "error": [
      {
        "msg": "no",
        "location": "gomon-core/src/testing/snapshot/mod.rs:[line]"
      }
    ],
    "children": [
      {
        "id": "id-3",
        "parent": "id-1",
        "app-id": "[exec]",
        "exec": "[exec]",
        "gomon:fp": "dns-lookup",
        "gomon:start": "[time]",
        "gomon:lapsed": "[time]",
        "gomon:trace": "trace-1",
        "gomon:outcome": "completed"
      }
    ]
  }
]
"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn by_a_manual_clock_times_are_kept_and_counted_from_the_first_event() {
        let recorder = Recorder::new();
        let clock = recorder.manual_clock();
        clock.advance(Duration::from_nanos(100));
        connection(&recorder, || clock.advance(Duration::from_nanos(5)));
        let events: Value = serde_json::from_str(&recorder.snapshot().to_json()).unwrap();
        let times = |at: usize| (&events[at]["gomon:start"], &events[at]["gomon:lapsed"]);
        assert_eq!(times(1), (&0.into(), &10.into()));
        assert_eq!(times(2), (&5.into(), &5.into()));
        assert_eq!(events[2]["first-byte"], 12);
        assert_eq!(events[2]["children"][0]["gomon:start"], 5);
    }

    #[test]
    fn lines_of_the_source_are_kept_if_asked_for() {
        let recorder = Recorder::new();
        let line = line!() + 2;
        recorder.run(|| {
            EventTracker::new("mail").add_error_msg("no");
        });
        let json = recorder.snapshot().with_lines().to_json();
        assert!(json.contains(&format!("mod.rs:{line}\"")), "{json}");
    }

    #[test]
    fn an_event_that_was_not_recorded_has_a_name_too() {
        with_recorder(|recorder| {
            let outer = EventTracker::new("outer");
            let mut inner = outer.child("inner");
            inner.set("user", "0190b7f4-0000-7000-8000-000000000000");
            inner.finish();
            let json = recorder.snapshot().to_json();
            assert!(json.contains("\"parent\": \"other-1\""), "{json}");
            // Not every UUID is the id of an event.
            assert!(json.contains("\"user\": \"0190b7f4-"), "{json}");
        });
    }

    #[test]
    fn a_snapshot_beside_the_test_is_compared() {
        with_recorder(|recorder| {
            let clock = recorder.manual_clock();
            let import = EventTracker::new("import");
            clock.advance(Duration::from_millis(5));
            import.finish();
            crate::assert_snapshot!(recorder, "import.json");
            crate::assert_snapshot!(recorder.snapshot().with_lines(), "import.json");
        });
    }
}
